"""How files become the content of a version: one module a kind, each a function from a source's files to a layout.

`mlflow_transformers` lays a checkpoint out as MLflow does, `mlflow_folder` takes what MLflow wrote, `triton` a model
repository, `custom` everything else. Nothing here reads a network or a disk: a source is its listing and the small
parts of files that `parts_to_read` names.
"""
