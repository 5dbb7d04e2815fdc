"""The schema of a run: its columns, the modalities that they form, the weights of rows, the scales of numbers."""
