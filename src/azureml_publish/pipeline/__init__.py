"""One pipeline behind every door: load, render, check, observe, plan, apply."""
