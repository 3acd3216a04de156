"""Brings files into the container of a version, in blocks, and resumes."""
