"""The survival task: target, head and scores."""
