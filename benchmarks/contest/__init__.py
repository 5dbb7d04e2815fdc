"""The contest on the exam tables: the tables, the contestants, their answers row by row, and the verdict.

`tables` and `answers` need only numpy and pandas, so that a rival in an environment of its own can import them.
"""
