"""A fit that goes on from a finished run: its settings, its columns, its weights, and notes about them."""
