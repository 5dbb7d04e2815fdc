"""Example rows of a run, for those who try it: the inputs of a few held-out rows, with small files."""
