"""The retrieval task: target, head and scores."""
