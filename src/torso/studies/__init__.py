"""Studies of a finished run."""
