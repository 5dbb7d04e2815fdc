"""Heads: a vector in; a prediction and a negative log-likelihood out. One kind of target per file."""

from torso.tasks._base.head import Head
from torso.tasks.binary.head import Logistic
from torso.tasks.boxes.head import BoxSet
from torso.tasks.caption.head import CaptionDecoder
from torso.tasks.category.head import Softmax
from torso.tasks.count.head import NegativeBinomial, Poisson
from torso.tasks.map.head import MapDecoder
from torso.tasks.mask.head import MaskDecoder
from torso.tasks.multilabel.head import Logistics
from torso.tasks.number.head import Gaussian, GaussianVector
from torso.tasks.number.quantiles import Quantiles
from torso.tasks.number.student import Student
from torso.tasks.ordinal.head import CumulativeLogits
from torso.tasks.retrieval.head import Contrastive
from torso.tasks.survival.hazards import Hazards
from torso.tasks.survival.head import LogLogistic, LogNormal, Weibull
from torso.tasks.tags.head import TagTokens
from torso.tasks.tracks.head import TrackSet

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
    "NegativeBinomial",
    "Poisson",
    "Quantiles",
    "Softmax",
    "Student",
    "TagTokens",
    "TrackSet",
    "Weibull",
]
