"""Where the files of a model come from: one module a source."""
