"""The folder of a run on disk: the only place that writes and reads its files."""
