"""`torso.fit`: from a table to a run."""

from torso.fitting.drafting import Draft, draft_model, read_tables
from torso.fitting.run import fit

__all__ = ["Draft", "draft_model", "fit", "read_tables"]
