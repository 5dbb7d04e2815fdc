"""Heads: a vector in; a prediction and a negative log-likelihood out. One kind of target per file."""

from torso.heads._head import Head
from torso.heads.binary import Logistic
from torso.heads.boxes import BoxSet
from torso.heads.caption import CaptionDecoder
from torso.heads.category import Softmax
from torso.heads.contrastive import Contrastive
from torso.heads.count import NegativeBinomial, Poisson
from torso.heads.hazards import Hazards
from torso.heads.map import MapDecoder
from torso.heads.mask import MaskDecoder
from torso.heads.modality import ModalityHeads
from torso.heads.multilabel import Logistics
from torso.heads.number import Gaussian, GaussianVector
from torso.heads.ordinal import CumulativeLogits
from torso.heads.quantiles import Quantiles
from torso.heads.student import Student
from torso.heads.survival import LogLogistic, LogNormal, Weibull
from torso.heads.tags import TagTokens
from torso.heads.tracks import TrackSet

__all__ = [
    "BoxSet",
    "CaptionDecoder",
    "Contrastive",
    "CumulativeLogits",
    "Gaussian",
    "GaussianVector",
    "Hazards",
    "Head",
    "LogLogistic",
    "LogNormal",
    "Logistic",
    "Logistics",
    "MapDecoder",
    "MaskDecoder",
    "ModalityHeads",
    "NegativeBinomial",
    "Poisson",
    "Quantiles",
    "Softmax",
    "Student",
    "TagTokens",
    "TrackSet",
    "Weibull",
]
