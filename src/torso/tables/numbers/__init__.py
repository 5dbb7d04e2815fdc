"""Numbers as tables spell them: marks, units, ranges, clocks; found, and read cell by cell."""
