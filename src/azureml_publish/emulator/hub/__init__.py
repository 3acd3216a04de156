"""A Hub of three stand-in checkpoints, and of whatever else lies in the data folder."""
