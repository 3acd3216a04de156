"""Markdown with positions."""
