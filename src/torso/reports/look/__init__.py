"""Style and script of the pages, as files that an editor understands."""
