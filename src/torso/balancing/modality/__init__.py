"""Methods that balance modalities, given the loss of each modality alone."""
