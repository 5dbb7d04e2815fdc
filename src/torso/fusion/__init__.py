"""Fusions: many `Tokens` in, one out. Parallel, or fusions made of fusions: sequential, hierarchical."""

from torso.fusion._fusion import Fusion
from torso.fusion.hierarchical.bottleneck import Bottleneck
from torso.fusion.hierarchical.central import Central
from torso.fusion.hierarchical.mmtm import MMTM
from torso.fusion.hierarchical.mult import MulT
from torso.fusion.hierarchical.progressive import Progressive
from torso.fusion.hierarchical.tree import Hierarchical
from torso.fusion.parallel.concat import Concat
from torso.fusion.parallel.experts import Experts
from torso.fusion.parallel.gated import Gated
from torso.fusion.parallel.late import Late
from torso.fusion.parallel.low_rank import LowRank
from torso.fusion.parallel.perceiver import Perceiver
from torso.fusion.parallel.pooling import Max, Mean, Sum
from torso.fusion.parallel.transformer import Transformer
from torso.fusion.sequential.cross_attention import CrossAttention
from torso.fusion.sequential.film import Film
from torso.fusion.sequential.recurrent import Recurrent
from torso.fusion.sequential.sequential import Sequential

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
