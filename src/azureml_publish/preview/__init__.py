"""The catalogue as its readers will see it: a page on loopback that follows every edit, and the same as plain files."""
