"""The room's contract: a vector in, a prediction out, and the negative log-likelihood of the target.

A head that answers about places or steps of an input reads the tokens of the encoders too (`reads_tokens`).

The sum of the heads' losses is the negative joint log-likelihood of the targets given the inputs, which is
what `balancing: equal` minimises. A missing label (NaN, or -1 for a class) adds exactly nothing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from torso.core.registry import Registry
from torso.core.types import Tokens
from torso.tasks._base.folders import KindRegistry
from torso.tasks._base.response import Family, Response

__all__ = ["Head"]


class Head(nn.Module, ABC):
    """Base of all heads: dropout, an optional hidden layer, a linear layer to the outputs.

    `class Gaussian(Head, form="number", name="gaussian")` files itself as `number/gaussian`.

    Args:
        dim: width of the vector it reads.
        outputs: numbers it needs per row.
        hidden: width of a hidden layer (GELU); 0 for none.
        dropout: before the first layer, in training.
    """

    registry: ClassVar[Registry[Head]] = KindRegistry("head")
    form: ClassVar[str] = ""
    not_exportable: ClassVar[str] = ""
    """Why `torch.export` cannot trace `forward` or `answer`; empty if it can. A law checks either claim."""
    not_in_onnx: ClassVar[str] = ""
    """Why a traced head is no ONNX graph all the same; empty if it is."""
    reads_tokens: ClassVar[bool] = False
    """`forward` is given the encoders' tokens, by modality, beside the vector."""
    among_batch: ClassVar[bool] = False
    """The likelihood of a row depends on the other rows of its batch."""
    refits_answer: ClassVar[bool] = False
    """`calibrate` may change answers, not only how sure they are."""
    added_later: ClassVar[tuple[str, ...]] = ()
    """Buffers that weights of an earlier version may lack; they then stay as they were made."""
    answer_inside: ClassVar[bool] = True
    """`low` and `high` always hold the answer."""
    law_settings: ClassVar[tuple[Mapping[str, object], ...]] = ()
    """Settings, besides the defaults, in which the laws of the room try the head. Not inherited by its heirs."""
    statement: ClassVar[Family | None] = None
    """Form of its statements beside plain models and other networks (`Response`); None where it stands alone."""
    level: float = 0.0
    """Share of the labels that should lie between `low` and `high`; 0 where the head gives no interval."""

    def __init_subclass__(cls, *, form: str = "", name: str = "", **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        cls.form = form or cls.form
        cls.law_settings = vars(cls).get("law_settings", ())
        if name:
            cls.registry.add(f"{cls.form}/{name}", cls)

    def __init__(self, dim: int, outputs: int, *, hidden: int = 0, dropout: float = 0.0) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Dropout(dropout)] if dropout else []
        if hidden:
            layers += [nn.Linear(dim, hidden), nn.GELU()]
        self.layers = nn.Sequential(*layers, nn.Linear(hidden or dim, outputs))

    def forward(
        self,
        features: Tensor,
        tokens: Mapping[str, Tokens] | None = None,  # noqa: ARG002
        /,
    ) -> Tensor:
        """Return raw outputs `[batch, outputs]`, or `[batch, ...]` of one shape for all batches.

        Args:
            features: `[batch, dim]`, what the body says about the rows for this task.
            tokens: modality -> what its encoder says, False where a row lacks it; None unless `reads_tokens`.
        """
        outputs: Tensor = self.layers(features)
        return outputs

    @abstractmethod
    def nll(self, outputs: Tensor, targets: Tensor, /) -> Tensor:
        """Return the negative log-likelihood of each row, `[batch]`; anything where a label is missing."""

    def training_loss(self, outputs: Tensor, targets: Tensor, /) -> Tensor:
        """Return the loss of each row that training minimises, `[batch]`: by default, `nll`."""
        return self.nll(outputs, targets)

    @abstractmethod
    def predict(self, outputs: Tensor, /) -> Tensor:
        """Return probabilities, or values in the target's own unit."""

    def spread(self, outputs: Tensor, /) -> Tensor | None:  # noqa: ARG002
        """Return the standard deviation of each prediction in the target's unit, if the head knows it."""
        return None

    def details(self, outputs: Tensor, /) -> dict[str, Tensor]:
        """Return details of the prediction, in the target's unit, by name; `T_NAME` is the column.

        `spread` is a standard deviation; `low` and `high` are the ends of an interval that should hold `level` of
        the labels.
        """
        spread = self.spread(outputs)
        return {} if spread is None else {"spread": spread}

    def answer(self, outputs: Tensor, /) -> tuple[Tensor, dict[str, Tensor]]:
        """Return prediction and details at once, for heads where one takes the other."""
        return self.predict(outputs), self.details(outputs)

    def log_loss(self, outputs: Tensor, targets: Tensor, /) -> Tensor | None:  # noqa: ARG002
        """Return the negative log-likelihood of each row in the target's own unit, for evaluations; `[batch]`.

        None where an evaluation reads it off the probabilities, or where the head has no density. The figures of
        all heads of one kind of target may be compared.
        """
        return None

    def labelled(self, targets: Tensor, /) -> Tensor:
        """Return bool `[batch]`: the rows with a label (any element of it)."""
        known = ~targets.isnan() if targets.is_floating_point() else targets >= 0
        return known if known.ndim == 1 else known.flatten(1).any(dim=1)

    def loss(self, outputs: Tensor, targets: Tensor, weights: Tensor | None = None, /) -> Tensor:
        """Return the mean negative log-likelihood over labelled rows; 0 (with zero gradient) without any.

        In training mode it is the mean of `training_loss`.

        Args:
            outputs: of the rows.
            targets: of the rows.
            weights: `[batch]`, not negative: the mean is weighted, so a row of weight 2 counts as two; None: all alike.
        """
        rows = self.labelled(targets)
        if weights is not None:
            rows = rows & (weights > 0)
        count = int(rows.sum())
        if not count:
            return outputs.sum() * 0.0
        if count < len(rows):  # picking all rows costs copies, on the way back too
            outputs, targets = outputs[rows], targets[rows]
        of_rows = self.training_loss if self.training else self.nll
        if weights is None:
            return of_rows(outputs, targets).mean()
        losses, own = of_rows(outputs, targets), weights[rows].to(outputs.dtype)
        return (losses * own).sum() / own.sum()

    def calibrate(self, outputs: Tensor, targets: Tensor, /) -> None:
        """Refit, on held-out rows, the parameters that training makes overconfident. Default: nothing."""

    def response(self, targets: Tensor, /) -> Response | None:  # noqa: ARG002
        """Return the labels as plain models learn them; None where the head has no `statement` (default)."""
        return None

    def obstacle(self) -> str:
        """Return why the head, in its settings, cannot be traced; empty if it can. Default: `not_exportable`."""
        return self.not_exportable

    def hold_still(self) -> None:
        """Take out of tensors, for a trace, values that `answer` looks up there. Default: none.

        Afterwards the head answers as before, as long as it is not calibrated again.
        """

    @property
    def factor(self) -> float:
        """Factor of the logits that `calibrate` found; 1 for heads without logits."""
        return 1.0

    def stated(self, outputs: Tensor, /, factor: float | None = None) -> Tensor:
        """Return raw outputs in the form of the response's family, `[batch, width]`.

        Args:
            outputs: of the network.
            factor: of the logits, where there are any; default: the calibrated one.

        Raises:
            NotImplementedError: the head has no `statement`.
        """
        raise NotImplementedError(f"{type(self).__name__} makes no statements.")

    def raw(self, statement: Tensor, outputs: Tensor, /) -> Tensor:  # noqa: ARG002
        """Return raw outputs that say `statement`; the head, uncalibrated, then answers accordingly.

        Args:
            statement: `[batch, width]`, in the form of the response's family.
            outputs: of the network for the same rows, for all that the statement leaves open, such as a row's spread.
        """
        return statement

    @torch.no_grad()
    def uncalibrate(self) -> None:
        """Undo `calibrate` where it changes answers. Default: it does not."""


def known_sum(terms: Tensor, known: Tensor) -> Tensor:
    """Return `[batch]`: the sum of each row's `terms` `[batch, parts]` where `known`."""
    return torch.where(known, terms, 0.0).sum(dim=1)
