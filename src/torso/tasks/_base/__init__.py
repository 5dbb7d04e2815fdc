"""The contracts of a kind of task, and what several kinds share."""
