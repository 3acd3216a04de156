"""What becomes of findings: chosen, silenced, held against a baseline, mended. Values in, values out."""
