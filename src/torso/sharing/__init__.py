"""Sharings: fused tokens in, one vector per task out. They range from all shared to nothing shared.

>>> import torch
>>> from torso.core.types import Tokens
>>> sharing = MMoE(["digit", "ink"], dim=16, experts=4)
>>> fused = Tokens.vector(torch.randn(3, 16))
>>> vectors = sharing({"shared": fused})
>>> vectors["ink"].shape
torch.Size([3, 16])

A sharing says how many trunks (encoders and fusion) stand below it, and which tasks read each:

>>> sharing.trunks()
{'shared': ('digit', 'ink')}
>>> Separate(["digit", "ink"], dim=16).trunks()
{'digit': ('digit',), 'ink': ('ink',)}

A balancer wants to know the parameters that several tasks use. Each gate belongs to its task:

>>> [tuple(p.shape) for p in sharing.shared_parameters()]  # the experts
[(4, 16, 16), (64,)]
"""

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
from torso.sharing.members import Members
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
    "Members",
    "Separate",
    "Sharing",
    "Sluice",
    "Soft",
]
