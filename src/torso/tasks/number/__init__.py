"""The number task: target, head and scores."""
