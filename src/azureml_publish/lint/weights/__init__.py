"""What the files of weights hold, read for rules: settings, tensors, counts of parameters."""
