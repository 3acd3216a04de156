"""What cards and other prose say, read for rules: figures, samples, code, addresses, placeholders."""
