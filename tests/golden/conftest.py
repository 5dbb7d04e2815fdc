"""Nothing here is a test: `golden.py` is run by hand, before and after a change that must change nothing."""

collect_ignore_glob = ["*.py"]
