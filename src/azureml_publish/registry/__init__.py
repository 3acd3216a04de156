"""A registry as the rest of the project knows it (`protocol`), and the adapter to Azure ML's (`azure`)."""
