"""Block blobs over the wire protocol of Azure Storage, as far as the clients of a model registry use it."""
