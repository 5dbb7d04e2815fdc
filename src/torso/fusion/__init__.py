"""Fusions: the tokens of several modalities in, the tokens of one row out.

>>> import torch
>>> from torso.core.types import Tokens
>>> image = Tokens.vector(torch.randn(3, 16))  # one token per row
>>> text = Tokens(torch.randn(3, 5, 16), torch.ones(3, 5, dtype=torch.bool))  # five tokens per row
>>> fusion = Gated(["image", "text"], dim=16)
>>> fusion({"image": image, "text": text}).values.shape
torch.Size([3, 1, 16])

A modality may be absent, in some rows (its mask) or in all (no key):

>>> fusion({"text": text}).values.isfinite().all()
tensor(True)

Fusions nest: `Sequential(..., inner="gated")` joins each modality with a state by a gated fusion.
"""

from torso.fusion._fusion import Fusion
from torso.fusion.bottleneck import Bottleneck
from torso.fusion.central import Central
from torso.fusion.concat import Concat
from torso.fusion.cross_attention import CrossAttention
from torso.fusion.experts import Experts
from torso.fusion.film import Film
from torso.fusion.gated import Gated
from torso.fusion.hierarchical import Hierarchical
from torso.fusion.late import Late
from torso.fusion.low_rank import LowRank
from torso.fusion.mmtm import MMTM
from torso.fusion.mult import MulT
from torso.fusion.perceiver import Perceiver
from torso.fusion.pooling import Max, Mean, Sum
from torso.fusion.progressive import Progressive
from torso.fusion.recurrent import Recurrent
from torso.fusion.sequential import Sequential
from torso.fusion.transformer import Transformer

__all__ = [
    "MMTM",
    "Bottleneck",
    "Central",
    "Concat",
    "CrossAttention",
    "Experts",
    "Film",
    "Fusion",
    "Gated",
    "Hierarchical",
    "Late",
    "LowRank",
    "Max",
    "Mean",
    "MulT",
    "Perceiver",
    "Progressive",
    "Recurrent",
    "Sequential",
    "Sum",
    "Transformer",
]
