"""The category task: target, head and scores."""
