"""Fusions: many `Tokens` in, one out. Parallel, or fusions made of fusions: sequential, hierarchical."""

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
