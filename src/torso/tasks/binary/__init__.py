"""The binary task: target, head and scores."""
