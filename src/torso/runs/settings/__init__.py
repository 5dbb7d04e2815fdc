"""The settings of a run: the config, its sections and their text, ranges of values, the checks before a row is read."""
