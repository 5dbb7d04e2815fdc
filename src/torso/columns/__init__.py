"""Columns of a table become features: kinds of input, media files, splits and batches."""
