"""Weighted metrics, the bootstrap and the report of one task, in numpy alone."""
