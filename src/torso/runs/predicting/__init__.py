"""A finished run answers: opened, asked about new rows, its answers as columns."""
