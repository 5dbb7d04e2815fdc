"""The tags task: target, head and scores."""
