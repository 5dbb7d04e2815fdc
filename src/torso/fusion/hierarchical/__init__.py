"""Hierarchical fusions: groups first, then the groups of groups."""
