"""The map task: target, head and scores."""
