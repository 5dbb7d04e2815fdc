"""Values that a user gave become rows to learn from: gathering, edits, the split, prepared parts."""
