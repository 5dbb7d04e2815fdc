"""Heads: a vector in; a prediction and a negative log-likelihood out. One kind of target per file."""

from torso.heads._head import Head
from torso.heads.binary import Logistic
from torso.heads.category import Softmax
from torso.heads.modality import ModalityHeads
from torso.heads.multilabel import Logistics
from torso.heads.number import Gaussian, GaussianVector

__all__ = [
    "Gaussian",
    "GaussianVector",
    "Head",
    "Logistic",
    "Logistics",
    "ModalityHeads",
    "Softmax",
]
