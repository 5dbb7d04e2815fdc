"""The contracts of a kind of task, and parts that several kinds share."""
