"""The report of a run: its scores, and the words for them."""
