"""The boxes task: target, head and scores."""
