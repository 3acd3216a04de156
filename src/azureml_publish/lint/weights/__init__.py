"""Reads the files of a model's weights for the rules: settings, tensors, tokenizers, environments, parameter counts."""
