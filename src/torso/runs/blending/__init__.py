"""Plain models beside the networks: fitted on the same rows, blended, judged."""
