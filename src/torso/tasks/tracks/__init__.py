"""The tracks task: target, head and scores."""
