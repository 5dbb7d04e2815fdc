"""The multilabel task: target, head and scores."""
