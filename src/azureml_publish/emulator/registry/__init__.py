"""Model versions of any number of registries: one store behind the two APIs that clients use."""
