"""The caption task: target, head and scores."""
