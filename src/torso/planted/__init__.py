"""Tables with a known truth: tasks that share or conflict, columns that carry, pairs of modalities, gaps.

>>> import torso
>>> planted = torso.planted.plant("clash", rows=300, noise=0.5, seed=1)
>>> planted.table.shape, planted.tasks
((300, 14), ('a1', 'a2', 'b1', 'b2', 'c1', 'c2'))
>>> planted.truth.groups, planted.truth.carriers["a1"]["x8"]
((('a1', 'a2'), ('b1', 'b2'), ('c1', 'c2')), False)
"""

from torso.planted import modalities, tasks  # noqa: F401  (they file their kinds)
from torso.planted.kinds import kinds, plant
from torso.planted.suite import SUITE, suite
from torso.planted.truth import Planted, Truth

__all__ = ["SUITE", "Planted", "Truth", "kinds", "plant", "suite"]
