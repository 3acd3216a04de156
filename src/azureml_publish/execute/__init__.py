"""What writes: apply, promote, and the journal of a run."""
