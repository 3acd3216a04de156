"""How files become the content of a version: one module a kind of model."""
