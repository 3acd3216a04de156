"""The two layouts of a model's metadata and the one mapping table between them. Pure."""
