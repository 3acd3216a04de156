"""What only the network can tell: whether links work, and what the Hub has. Fetched here; the rules judge it."""
