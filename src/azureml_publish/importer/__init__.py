"""Converts asset folders of either layout to model folders, and proves that nothing was lost."""
