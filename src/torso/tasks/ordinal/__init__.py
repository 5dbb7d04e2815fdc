"""The ordinal task: target, head and scores."""
