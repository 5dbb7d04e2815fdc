"""Kinds of task: one folder each, with its target, its heads and its scores."""
