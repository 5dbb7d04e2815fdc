"""A model's predictions and losses on many rows, batch by batch, without gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from torso.core.types import Batch, Features
from torso.model.model import Model
from torso.tasks import Head
from torso.training.devices import autocast
from torso.training.prediction import Prediction

__all__ = ["Answers", "answer", "on_cpu"]


@dataclass(frozen=True)
class Answers:
    """A model's raw outputs for some rows, on the CPU.

    Attributes:
        outputs: task -> its head's raw outputs.
        targets: task -> targets, where the batches held any.
    """

    outputs: dict[str, Tensor]
    targets: dict[str, Tensor]

    def losses(self, model: Model) -> dict[str, float]:
        """Return task -> mean negative log-likelihood over labelled rows; NaN without any."""
        device = next(model.parameters()).device
        was_training = model.heads.training
        model.heads.eval()  # in training mode a head may minimise another loss
        with torch.no_grad():
            losses, counts = model.losses(
                {task: output.to(device) for task, output in self.outputs.items()},
                {task: target.to(device) for task, target in self.targets.items()},
            )
        model.heads.train(was_training)
        known = torch.where(counts > 0, losses, torch.nan)
        return dict(zip(model.tasks, known.tolist(), strict=True))

    def predictions(
        self,
        model: Model,
        heads: Callable[[Mapping[str, Tensor]], Mapping[str, tuple[Tensor, dict[str, Tensor]]]]
        | None = None,
    ) -> dict[str, Prediction]:
        """Return task -> its head's predictions; with targets also their negative log-likelihood, `log_loss`.

        Args:
            model: of the heads.
            heads: returns what the heads answer to raw outputs of all tasks. None: the heads themselves.
        """
        device = next(model.parameters()).device
        with torch.inference_mode():
            outputs = {task: raw.to(device) for task, raw in self.outputs.items()}
            answered = dict(heads(outputs)) if heads is not None else _answered(model, outputs)
            for task, targets in self.targets.items():
                self._add_loss(model.heads[task], outputs[task], targets, answered[task][1])
        return {
            task: Prediction(
                value.cpu().numpy(), {name: part.cpu().numpy() for name, part in details.items()}
            )
            for task, (value, details) in answered.items()
        }

    def _add_loss(
        self, head: Head, outputs: Tensor, targets: Tensor, details: dict[str, Tensor]
    ) -> None:
        """Add the negative log-likelihood of each row to the details, if the head has one."""
        targets = targets.to(outputs.device)
        losses = head.log_loss(outputs, targets)
        if losses is not None:
            details["log_loss"] = torch.where(head.labelled(targets), losses, torch.nan)


def _answered(
    model: Model, outputs: Mapping[str, Tensor]
) -> dict[str, tuple[Tensor, dict[str, Tensor]]]:
    return {task: head.answer(outputs[task]) for task, head in model.heads.pairs()}


def on_cpu(raw: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return a model's raw outputs on the CPU, in float32 at least."""
    return {
        task: output.to(torch.promote_types(output.dtype, torch.float32)).cpu()
        for task, output in raw.items()
    }


def answer(
    model: Model,
    batches: Iterable[Batch],
    precision: str = "auto",
    forward: Callable[[Mapping[str, Features]], Mapping[str, Tensor]] | None = None,
) -> Answers:
    """Run `model` in evaluation mode over `batches` and return its answers in their order.

    Args:
        model: the model.
        batches: rows.
        precision: of the operations.
        forward: returns what the model does. None: the model itself.
    """
    forward = forward or model
    device = next(model.parameters()).device
    outputs: dict[str, list[Tensor]] = {task: [] for task in model.tasks}
    targets: dict[str, list[Tensor]] = {}
    was_training = model.training
    if was_training:
        model.eval()  # visits every module: not free for a single row
    with torch.inference_mode():
        for batch in batches:
            with autocast(device, precision):
                raw = forward(batch.to(device).inputs)
            for task, output in on_cpu(raw).items():
                outputs[task].append(output)
            for task, target in batch.targets.items():
                targets.setdefault(task, []).append(target)
    if was_training:
        model.train()
    return Answers(
        {task: torch.cat(parts) for task, parts in outputs.items()},
        {task: torch.cat(parts) for task, parts in targets.items()},
    )
