"""The mask task: target, head and scores."""
