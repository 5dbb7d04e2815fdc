"""Parallel fusions: all modalities meet at once."""
