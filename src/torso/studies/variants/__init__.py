"""Many trainings on one preparation: other settings, fewer inputs or targets, fewer rows; side by side on all cores.

>>> import torso
>>> from torso.studies.variants import Variant, train_variants
>>> table = {"size": [n % 7 for n in range(90)], "age": [n % 5 for n in range(90)], "price": [n % 7 for n in range(90)]}
>>> small = {"dim": 8, "training.epochs": 1, "folds": 0, "blend": "off"}
>>> prepared = torso.prepare(table, {"price": "number"}, settings=small)
>>> trained = train_variants(prepared, [Variant("whole"), Variant("age alone", inputs=["age"])])
>>> {name: sorted(outcome.held_out.tasks) for name, outcome in trained.outcomes.items()}
{'whole': ['price'], 'age alone': ['price']}
"""

from torso.studies.variants.halving import Halving, Rung, halve, held_out_score
from torso.studies.variants.means import Means
from torso.studies.variants.train import train_variants
from torso.studies.variants.variant import Outcome, Outcomes, Variant

__all__ = [
    "Halving",
    "Means",
    "Outcome",
    "Outcomes",
    "Rung",
    "Variant",
    "halve",
    "held_out_score",
    "train_variants",
]
