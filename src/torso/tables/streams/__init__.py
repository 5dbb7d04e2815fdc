"""Tables that are read a piece at a time, so that memory does not grow with their rows."""
