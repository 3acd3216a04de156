"""What only the network knows: whether links work, what the Hub has. Fetched here, judged by the rules."""
