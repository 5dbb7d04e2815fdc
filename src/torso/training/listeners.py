"""Events of a training, for those who watch: the log, the progress bar, a tuner, a test.

A listener overrides the events it cares for. The trainer never knows who listens, but a listener may end it:
`epoch_done` returns `STOP`.

>>> class Budget(Listener):
...     def epoch_done(self, epoch):
...         return STOP if epoch.number == 10 else None
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from torso.core.errors import ConfigError
from torso.evaluation.report import TaskReport

__all__ = ["BUDGET_SPENT", "STOP", "Epoch", "Listener", "Listeners", "Look", "Stop"]


@dataclass(frozen=True)
class Stop:
    """Answer of a listener that ends the training after this epoch.

    Attributes:
        reason: for the log and the run; empty: the listener's class is named.
    """

    reason: str = ""


BUDGET_SPENT = "budget spent"
"""The reason of a `Stop` that ends a training as planned: such a run is whole, not interrupted."""
STOP = Stop()
"""Ends the training; the reason names the listener's class."""


@dataclass(frozen=True)
class Epoch:
    """Results of one epoch.

    Attributes:
        number: counts from 1.
        training: task, or loss of one modality -> mean over its labelled training rows, while the weights moved.
        validation: task -> mean loss over its labelled validation rows, heads calibrated on them.
        metrics: task -> metric -> value on the validation rows.
        weights: task -> loss weight, where the balancer has any.
        seconds: wall time of the training part.
        waited: seconds of it in which the model waited for data.
        rows: training rows seen.
        lr: learning rate at the end.
        best: True if these weights are the best so far.
        overhead: extra time for the tasks' gradients, as a share of a plain epoch; None without any.
        conflicts: share of the looked-at steps with two gradients of negative inner product.
        mixing: task -> source -> share, where the sharing mixes experts, trunks or neighbours.
    """

    number: int
    training: Mapping[str, float]
    validation: Mapping[str, float]
    metrics: Mapping[str, Mapping[str, float]]
    weights: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    waited: float = 0.0
    rows: int = 0
    lr: float = 0.0
    best: bool = False
    overhead: float | None = None
    conflicts: float | None = None
    mixing: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, object]:
        """Return the fields as JSON values, without `mixing` if it is empty."""
        fields = asdict(self)
        return fields if self.mixing else {k: v for k, v in fields.items() if k != "mixing"}


@dataclass(frozen=True)
class Look:
    """The tasks' gradients in one step, as the balancer saw them.

    Attributes:
        epoch: counts from 1.
        batch: counts from 1.
        losses: task -> loss of this batch.
        weights: task -> weight from now on, where the balancer has any.
        gram: `[tasks][tasks]`, inner products of the tasks' gradients; NaN for a task without labels.
        across: `[tasks][tasks]`, those of the step before with those of this step; empty unless `training.looks` asks for it.
        ahead: `[tasks][tasks]`, by how much the optimizer's step for the first task alone, taken from the step before, would
            lower the second task's loss on this step's rows, to first order and for a rate of 1; likewise empty.
    """

    epoch: int
    batch: int
    losses: Mapping[str, float]
    weights: Mapping[str, float]
    gram: Sequence[Sequence[float]]
    across: Sequence[Sequence[float]] = ()
    ahead: Sequence[Sequence[float]] = ()

    def to_dict(self) -> dict[str, object]:
        """Return the fields as JSON values, without those that are empty and may be."""
        fields = asdict(self)
        return {k: v for k, v in fields.items() if v or k not in ("across", "ahead")}


class Listener:
    """Receives the events of a training; does nothing by default.

    Attributes:
        shows_notes: True if the user sees the notes that it is told; else `torso.fit` warns of them.
    """

    shows_notes: bool = False

    def preparing(self, column: str, done: int, total: int) -> None:
        """Files of a column are being decoded."""

    def configured(self, config: Mapping[str, object]) -> None:
        """A run begins: its complete config, as `run.yaml` holds it."""

    def started(self, epochs: int, batches: int) -> None:
        """Training begins: at most `epochs`, of `batches` each."""

    def batch_done(self, epoch: int, batch: int) -> None:
        """A step was taken; both count from 1."""

    def looked(self, look: Look) -> None:
        """The balancer looked at the tasks' gradients."""

    def epoch_done(self, epoch: Epoch) -> Stop | None:
        """An epoch and its validation have ended; return `STOP` or a `Stop` to end the training."""

    def ended(self, reason: str) -> None:
        """Training is over: `all epochs`, `no better held-out loss`, `interrupted`, `diverged`, `budget spent`, or a listener's reason."""

    def judged(self, reports: Mapping[str, TaskReport]) -> None:
        """A run is finished: task -> its scores."""

    def noted(self, message: str) -> None:
        """The user should know something; a harmless choice comes as a `torso.core.notes.Telling`."""


class Listeners(Listener):
    """Passes every event on to several listeners, in their order.

    All of them hear an event. The first one that answers `epoch_done` with a `Stop` ends the training.
    """

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self.listeners = tuple(listeners)
        self.shows_notes = any(listener.shows_notes for listener in listeners)

    def epoch_done(self, epoch: Epoch) -> Stop | None:
        """Pass on, and return the first `Stop`."""
        answers = [answer_to(listener, epoch) for listener in self.listeners]
        return next((answer for answer in answers if answer is not None), None)


def answer_to(listener: Listener, epoch: Epoch) -> Stop | None:
    """Return the listener's answer to an epoch, with a reason.

    Raises:
        ConfigError: the answer is neither None nor a `Stop`.
    """
    answer, name = listener.epoch_done(epoch), type(listener).__name__
    if answer is not None and not isinstance(answer, Stop):
        raise ConfigError(
            f"`{name}.epoch_done` returned {answer!r}. Return STOP to end the training, or None to go on."
        )
    return answer and Stop(answer.reason or f"stopped by {name}")


def _to_all(event: str) -> Callable[..., None]:
    def pass_on(self: Listeners, *values: object) -> None:
        for listener in self.listeners:
            getattr(listener, event)(*values)

    pass_on.__doc__ = "Pass on."
    return pass_on


# So an event that is added to `Listener` reaches everyone.
for _event in [
    name for name in vars(Listener) if not name.startswith("_") and name != "shows_notes"
]:
    if _event not in vars(Listeners):
        setattr(Listeners, _event, _to_all(_event))
