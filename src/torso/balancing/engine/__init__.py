"""Per-task gradients, their Gram matrix, and when to look at them anew."""

from torso.balancing.engine.leaves import own_parameters
from torso.balancing.engine.passes import add_gradients
from torso.balancing.engine.projection import projected_gram
from torso.balancing.engine.ranks import losses_over_ranks
from torso.balancing.engine.task_gradients import TaskGradients

__all__ = [
    "TaskGradients",
    "add_gradients",
    "losses_over_ranks",
    "own_parameters",
    "projected_gram",
]
