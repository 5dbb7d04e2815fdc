"""Collection of this folder's tests."""

collect_ignore_glob = ["outside/*"]  # a kind of task that a test imports by its full name
