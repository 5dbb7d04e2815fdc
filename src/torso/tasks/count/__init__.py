"""The count task: target, head and scores."""
