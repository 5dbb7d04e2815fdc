"""Files of tables: their formats, dialects and encodings."""
