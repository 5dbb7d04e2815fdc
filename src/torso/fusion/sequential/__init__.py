"""Sequential fusions: one modality after the other."""
