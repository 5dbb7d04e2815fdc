"""The trained part of a backbone: nothing, low-rank layers, its last layers, or all."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from torso.core.errors import ConfigError
from torso.encoders.hub._backbone import Backbone

__all__ = ["LowRank", "frozen_norms", "tune"]

_QUERY_VALUE = {"query", "value", "q_proj", "v_proj", "q_lin", "v_lin", "q", "v", "qkv"}


def tune(backbone: Backbone, train: str, layers: int, rank: int) -> None:
    """Let the parameters that `train` names require gradients, except those that no token depends on.

    Raises:
        ConfigError: there are fewer layers than `last_n` should train, or none that `lora` fits.
    """
    backbone.requires_grad_(False)
    if train == "full":
        backbone.requires_grad_(True)
    elif train == "last_n":
        _open_last(backbone, layers)
    elif train == "lora":
        _add_low_rank(backbone, rank)
    if train != "frozen":
        _close_unused(backbone)


def frozen_norms(backbone: Backbone) -> Iterator[nn.Module]:
    """Yield the batch normalisations that are not trained: their running statistics must stand still."""
    for module in backbone.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and not (
            module.affine and module.weight.requires_grad
        ):
            yield module


def _open_last(backbone: Backbone, layers: int) -> None:
    blocks = list(backbone.blocks())
    if not 1 <= layers <= len(blocks):
        raise ConfigError(
            f"`layers` should be from 1 to {len(blocks)}, the layers of this model. Found {layers!r}."
        )
    first = {id(weight) for weight in blocks[-layers].parameters()}
    inside = {id(weight) for block in blocks for weight in block.parameters()}
    last = {id(weight) for block in blocks[-layers:] for weight in block.parameters()}
    reached = False
    for weight in backbone.parameters():  # about in the order of their use
        reached = reached or id(weight) in first
        weight.requires_grad = id(weight) in last or (reached and id(weight) not in inside)


def _add_low_rank(backbone: Backbone, rank: int) -> None:
    inside = [
        (parent, name, child)
        for block in backbone.blocks()
        for parent in block.modules()
        for name, child in parent.named_children()
        if isinstance(child, nn.Linear)
    ]
    fitting = [layer for layer in inside if layer[1] in _QUERY_VALUE] or inside
    if not fitting or rank < 1:
        raise ConfigError(
            f"`train: lora` needs linear layers and a `rank` of at least 1. Found {len(fitting)} such layers and "
            f"rank {rank!r}."
        )
    for parent, name, child in fitting:
        setattr(parent, name, LowRank(child, rank))


def _close_unused(backbone: Backbone) -> None:
    """Freeze parameters without effect on the tokens, such as those of a pooler."""
    was = backbone.training
    backbone.eval()
    example = backbone.example()
    tokens = backbone(example.values, example.mask)
    if not tokens.values.requires_grad:
        raise ConfigError(
            "What `train` should train of this model changes none of its tokens: the architecture goes around the "
            "layers. Use another `train`."
        )
    trained = [weight for weight in backbone.parameters() if weight.requires_grad]
    gradients = torch.autograd.grad(tokens.values.sum(), trained, allow_unused=True)
    for weight, gradient in zip(trained, gradients, strict=True):
        weight.requires_grad = gradient is not None
    backbone.train(was)


class LowRank(nn.Module):
    """A frozen linear layer plus a trained one of low rank, which begins at zero.

    Hu et al., ICLR 2022, "LoRA" (https://arxiv.org/abs/2106.09685), section 4.1, on the queries and values of the
    attention as in section 4.2. Difference: alpha is twice the rank, and there is no dropout.

    Args:
        frozen: the pretrained layer.
        rank: of the added product.
    """

    def __init__(self, frozen: nn.Linear, rank: int) -> None:
        super().__init__()
        self.frozen = frozen
        self.down = nn.Parameter(torch.empty(rank, frozen.in_features))
        self.up = nn.Parameter(torch.zeros(frozen.out_features, rank))
        nn.init.kaiming_uniform_(self.down, a=math.sqrt(5))
        self.scale = 2.0
        self.in_features, self.out_features = frozen.in_features, frozen.out_features

    @property
    def weight(self) -> Tensor:
        """The pretrained weight, for code that asks a layer for its dtype."""
        return self.frozen.weight

    @property
    def bias(self) -> Tensor | None:
        """The pretrained bias."""
        return self.frozen.bias

    def forward(self, x: Tensor) -> Tensor:
        """Return the layer's output plus that of the low-rank product."""
        low = nn.functional.linear(nn.functional.linear(x, self.down), self.up)
        out: Tensor = self.frozen(x) + self.scale * low
        return out
