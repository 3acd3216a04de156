"""Reads what cards and other prose say, for the rules: figures, samples, code, addresses, placeholders."""
