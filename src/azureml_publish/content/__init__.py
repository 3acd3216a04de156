"""Which files a version holds, where each comes from, and how they reach and are checked in a registry's container."""
