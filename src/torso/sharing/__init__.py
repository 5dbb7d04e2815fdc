"""Sharings: fused `Tokens` in, one vector per task out; from everything shared to nothing shared."""

from torso.sharing._sharing import Sharing
from torso.sharing.adapters import Adapters
from torso.sharing.branches import Branches
from torso.sharing.cgc import CGC
from torso.sharing.cross_stitch import CrossStitch
from torso.sharing.dselect_k import DSelectK
from torso.sharing.film import FiLM
from torso.sharing.hard import Hard
from torso.sharing.learned_branching import LearnedBranching
from torso.sharing.lora import LoRA
from torso.sharing.mmoe import MMoE
from torso.sharing.mtan import MTAN
from torso.sharing.nddr import NDDR
from torso.sharing.ple import PLE
from torso.sharing.separate import Separate
from torso.sharing.sluice import Sluice
from torso.sharing.soft import Soft

__all__ = [
    "CGC",
    "MTAN",
    "NDDR",
    "PLE",
    "Adapters",
    "Branches",
    "CrossStitch",
    "DSelectK",
    "FiLM",
    "Hard",
    "LearnedBranching",
    "LoRA",
    "MMoE",
    "Separate",
    "Sharing",
    "Sluice",
    "Soft",
]
