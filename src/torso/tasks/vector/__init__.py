"""The vector task: target, head and scores."""
