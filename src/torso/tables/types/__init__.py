"""Columns of any type, from frames, Arrow or Python, brought to the common ones."""
