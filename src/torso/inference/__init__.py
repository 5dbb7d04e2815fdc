"""Inference of kinds: what each column is taken for, why, and what looks wrong."""

from torso.inference.report import ColumnReport, infer_target, inspect_table

__all__ = ["ColumnReport", "infer_target", "inspect_table"]
