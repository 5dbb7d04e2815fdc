"""How good is each task, how sure are we, and is it better than knowing nothing?

`evaluate_task` takes predictions and truths as numpy arrays in the user's unit and returns a `TaskReport`:
every metric with a bootstrap 95 % interval, beside a baseline that knows the training labels and no input.
The metrics are our own numpy, written over weights so that one formula gives the value and its thousand
resamples; the tests hold them equal to torchmetrics and scikit-learn. Nothing here imports torch.

A kind of target is one file: `class CategoryScores(Scores, name="category")`.
"""

from torso.evaluation.binary import BinaryScores
from torso.evaluation.boxes import BoxesScores
from torso.evaluation.caption import CaptionScores
from torso.evaluation.category import CategoryScores
from torso.evaluation.count import CountScores
from torso.evaluation.evaluate import evaluate_task, fit_baseline
from torso.evaluation.map import MapScores
from torso.evaluation.mask import MaskScores
from torso.evaluation.multilabel import MultilabelScores
from torso.evaluation.number import NumberScores
from torso.evaluation.ordinal import OrdinalScores
from torso.evaluation.report import Estimate, TaskReport
from torso.evaluation.retrieval import RetrievalScores
from torso.evaluation.scores import SCORES, Measured, Scores
from torso.evaluation.survival import SurvivalScores
from torso.evaluation.table import results_table
from torso.evaluation.tags import TagsScores
from torso.evaluation.tracks import TracksScores
from torso.evaluation.vector import VectorScores

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
    "results_table",
]
