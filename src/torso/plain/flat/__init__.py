"""The flat view of a row: the schema's knowledge of it, as plain numbers."""
