"""How good is each task, how sure are we, and is it better than knowing nothing?

`evaluate_task` takes predictions and truths as numpy arrays in the user's unit and returns a `TaskReport`:
every metric with a bootstrap 95 % interval, beside a baseline that knows the training labels and no input.
The metrics are our own numpy, written over weights so that one formula gives the value and its thousand
resamples; the tests hold them equal to torchmetrics and scikit-learn. Nothing here imports torch.

A kind of target is one file: `class CategoryScores(Scores, name="category")`.
"""

from torso.evaluation.report import Estimate, TaskReport
from torso.tasks._base.evaluate import evaluate_task, fit_baseline
from torso.tasks._base.scores import SCORES, Measured, Scores
from torso.tasks.binary.scores import BinaryScores
from torso.tasks.boxes.scores import BoxesScores
from torso.tasks.caption.scores import CaptionScores
from torso.tasks.category.scores import CategoryScores
from torso.tasks.count.scores import CountScores
from torso.tasks.map.scores import MapScores
from torso.tasks.mask.scores import MaskScores
from torso.tasks.multilabel.scores import MultilabelScores
from torso.tasks.number.scores import NumberScores
from torso.tasks.ordinal.scores import OrdinalScores
from torso.tasks.retrieval.scores import RetrievalScores
from torso.tasks.survival.scores import SurvivalScores
from torso.tasks.tags.scores import TagsScores
from torso.tasks.tracks.scores import TracksScores
from torso.tasks.vector.scores import VectorScores

__all__ = [
    "SCORES",
    "BinaryScores",
    "BoxesScores",
    "CaptionScores",
    "CategoryScores",
    "CountScores",
    "Estimate",
    "MapScores",
    "MaskScores",
    "Measured",
    "MultilabelScores",
    "NumberScores",
    "OrdinalScores",
    "RetrievalScores",
    "Scores",
    "SurvivalScores",
    "TagsScores",
    "TaskReport",
    "TracksScores",
    "VectorScores",
    "evaluate_task",
    "fit_baseline",
]
