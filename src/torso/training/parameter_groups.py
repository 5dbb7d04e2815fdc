"""Groups of the optimizer: which parameters decay, and which have a learning rate of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from torch import nn

from torso.balancing import Balancer
from torso.model.model import Model
from torso.training.config import TrainingConfig

__all__ = ["ParameterGroup", "parameter_groups"]


class ParameterGroup(TypedDict):
    """One group of `torch.optim.Optimizer`."""

    params: Sequence[nn.Parameter]
    lr: float
    weight_decay: float


def parameter_groups(
    model: Model, balancer: Balancer, config: TrainingConfig
) -> list[ParameterGroup]:
    """Return the groups that hold any parameter; the first follows `training.lr`.

    Matrices decay. Biases, norms, embeddings of one dimension and the balancer's own state do not. The order
    (the model at `training.lr`, the balancer, encoders at their own rates) numbers the parameters in a
    checkpoint, so it has to stay.
    """
    own_rates = {id(parameter): rate for parameter, rate in model.own_rates()}
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]

    def at(rate: float | None) -> list[ParameterGroup]:
        members = [parameter for parameter in trained if own_rates.get(id(parameter)) == rate]
        lr = config.lr if rate is None else rate
        matrices = [parameter for parameter in members if parameter.ndim > 1]
        others = [parameter for parameter in members if parameter.ndim <= 1]
        return [
            {"params": matrices, "lr": lr, "weight_decay": config.weight_decay},
            {"params": others, "lr": lr, "weight_decay": 0.0},
        ]

    state: ParameterGroup = {
        "params": list(balancer.parameters()),
        "lr": config.lr,
        "weight_decay": 0.0,
    }
    groups = [*at(None), state]
    for rate in dict.fromkeys(own_rates.values()):
        groups += at(rate)
    return [group for group in groups if group["params"]]
