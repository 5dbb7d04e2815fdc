"""The optimizer and the schedule that a config chooses: built, checked early, switched between their modes, gone on with.

A schedule-free optimizer keeps two weights, one that it moves and one that is its answer. It has the methods `train` and
`eval`, which put one of them into the model; so all that reads the weights between two epochs reads its answer.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR, LRScheduler

from torso.core.errors import ConfigError, within
from torso.core.registry import Registry
from torso.core.signature import REQUIRED
from torso.core.spec import Spec
from torso.training.config import TrainingConfig
from torso.training.optimizers import ELSEWHERE, AdamW, Optimizer
from torso.training.parameter_groups import ParameterGroup
from torso.training.schedules import Cosine, Schedule

__all__ = ["Stepper", "check_stepping", "completed"]

Part = TypeVar("Part")

_SMALL = 100  # batches of the epochs of a schedule that is built to see whether it can be


def completed(config: TrainingConfig) -> TrainingConfig:
    """Return the settings with those of optimizer and schedule written out.

    Where the config leaves them open, the rate is the optimizer's own default, and an optimizer that averages its own
    weights has a constant rate and no further average.
    """
    optimizer, schedule = Optimizer.registry, Schedule.registry
    with within("training.optimizer"):
        spec = optimizer.parse(config.optimizer).over(Spec("adamw"))
        known = optimizer.settings(spec.name)
        own: dict[str, object] = {"optimizer": _plain(_full(optimizer, spec))}
    rate = known["lr"].default if "lr" in known else None
    if "lr" not in config.model_fields_set and isinstance(rate, int | float):
        own["lr"] = float(rate)
    chosen = config.schedule
    if _has_modes(optimizer.find(spec.name)):
        chosen = config.schedule if "schedule" in config.model_fields_set else "constant"
        own["average"] = config.average or 0.0
    with within("training.schedule"):
        own["schedule"] = _plain(_full(schedule, schedule.parse(chosen).over(Spec("cosine"))))
    return config.model_copy(update=own)


def _full(registry: Registry[Part], spec: Spec) -> Spec:
    """Return a spec with the defaults of all settings that are the user's."""
    known = registry.settings(spec.name)
    given = [key for key, setting in known.items() if not setting.by_user]
    return registry.complete(spec, given=given)


def _plain(spec: Spec) -> dict[str, object]:
    """Return the mapping that YAML holds; defaults that it has no word for are left out."""
    words = (str, int, float, bool, list, dict)
    return {key: value for key, value in spec.as_dict().items() if isinstance(value, words)}


def check_stepping(config: TrainingConfig) -> None:
    """Build optimizer and schedule for a weight, so that they refuse settings before a row is read.

    Raises:
        ConfigError: either cannot be imported or built, or asks for more than a step has.
    """
    weight = nn.Parameter(torch.zeros(2, 2))
    group: ParameterGroup = {"params": [weight], "lr": config.lr, "weight_decay": 0.0}
    Stepper([group], config, _SMALL)


def _build_optimizer(
    groups: Sequence[ParameterGroup], config: TrainingConfig
) -> torch.optim.Optimizer:
    """Return the optimizer of `training.optimizer`.

    Raises:
        ConfigError: it cannot be imported or built, or its steps ask for more than gradients.
    """
    registry = Optimizer.registry
    with within("training.optimizer"):
        spec = registry.parse(config.optimizer).over(Spec("adamw"))
        _check_step(registry.find(spec.name), spec, "a function that computes the loss again")
        params = next(iter(registry.settings(spec.name)), "params")
        own = [dict(group) for group in groups]
        return registry.build(spec, **{params: own}, lr=config.lr)


def _build_schedule(
    optimizer: torch.optim.Optimizer, config: TrainingConfig, batches: int
) -> LRScheduler:
    """Return the schedule of `training.schedule`, which is stepped after every batch.

    Args:
        optimizer: of the rates.
        config: its `epochs` and `warmup` are offered.
        batches: of an epoch.

    Raises:
        ConfigError: it cannot be imported or built, or its steps ask for a loss.
    """
    registry = Schedule.registry
    steps = config.epochs * batches
    rates = [group["lr"] for group in optimizer.param_groups]
    with within("training.schedule"):
        spec = registry.parse(config.schedule).over(Spec("cosine"))
        _check_step(registry.find(spec.name), spec, "a loss")
        return registry.build(
            spec,
            **dict.fromkeys(("steps", "total_steps", "T_max"), steps),
            optimizer=optimizer,
            warmup=config.warmup,
            epochs=config.epochs,
            steps_per_epoch=batches,
            max_lr=rates,
        )


def _check_step(part: type, spec: Spec, asked: str) -> None:
    """Refuse a part whose `step` cannot be called without arguments."""
    step = inspect.signature(part.step)  # type: ignore[attr-defined]
    needed = [
        name
        for name, parameter in [*step.parameters.items()][1:]
        if parameter.default is REQUIRED and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    ]
    if needed:
        raise ConfigError(
            f"{spec.name!r} needs {asked} at every step (`{needed[0]}`), which training does not have. Choose another."
        )


class Stepper:
    """Moves parameters by their gradients: clips, takes a step of the optimizer, sets the next rate.

    Args:
        groups: of parameters.
        config: of the training.
        batches: of an epoch.

    Attributes:
        optimizer: as `training.optimizer` says.
        schedule: as `training.schedule` says.
        steps: steps taken.

    Raises:
        ConfigError: either cannot be imported or built, or asks for more than a step has.
    """

    def __init__(
        self, groups: Sequence[ParameterGroup], config: TrainingConfig, batches: int
    ) -> None:
        self.config = config
        self.batches = batches
        self.optimizer = _build_optimizer(groups, config)
        self.schedule = _build_schedule(self.optimizer, config, batches)
        self.steps = 0

    def step(self, parameters: Sequence[nn.Parameter]) -> None:
        """Shorten the gradient of `parameters` to `training.clip`, and move."""
        _clip(parameters, self.config.clip)
        self.optimizer.step()
        self.schedule.step()
        self.steps += 1

    @contextmanager
    def moving(self) -> Iterator[None]:
        """Let the model hold the weights that are moved; afterwards those that answer. For most, they are the same."""
        modes = _has_modes(self.optimizer)
        if modes:
            self.optimizer.train()  # type: ignore[attr-defined]
        try:
            yield
        finally:
            if modes:
                self.optimizer.eval()  # type: ignore[attr-defined]

    def go_on(self, steps: int) -> None:
        """Set the rates to those after `steps` steps, as a resumed training does."""
        self.steps = steps
        schedule = self.schedule
        if isinstance(schedule, LambdaLR):
            schedule.last_epoch = steps
            groups = schedule.optimizer.param_groups
            for group, base, factor in zip(
                groups, schedule.base_lrs, schedule.lr_lambdas, strict=True
            ):
                group["lr"] = float(base * factor(steps))
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch misses the steps of the optimizer
            for _ in range(steps):
                schedule.step()

    def notes(self) -> list[str]:
        """Return sentences about choices that are not the defaults, and about keys that they do not read."""
        if isinstance(self.optimizer, AdamW) and isinstance(self.schedule, Cosine):
            return []
        optimizer, schedule = (
            Spec.parse(part).name for part in (self.config.optimizer, self.config.schedule)
        )
        told = [
            f"Optimizer {optimizer!r} with `training.lr` {self.config.lr:g}, schedule {schedule!r}."
        ]
        unread = [key for key in ELSEWHERE if key not in self.optimizer.defaults]
        if not isinstance(self.schedule, Schedule):
            told[0] += (
                f" The schedule is stepped after each batch, of which an epoch has {self.batches}."
            )
            unread.append("warmup")
        if unread:
            keys = ", ".join(f"`training.{key}`" for key in unread)
            told.append(f"Not used: {keys}, which {optimizer!r} and {schedule!r} do not read.")
        return told


def _clip(parameters: Sequence[nn.Parameter], most: float) -> None:
    """Shorten the gradient to `most`, as `nn.utils.clip_grad_norm_` does, without sorting it by device and type."""
    gradients: list[Tensor] = [p.grad for p in parameters if p.grad is not None]
    if gradients:
        length = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients, 2.0)))
        torch._foreach_mul_(gradients, (most / (length + 1e-6)).clamp(max=1.0))


def _has_modes(part: object) -> bool:
    return callable(getattr(part, "train", None)) and callable(getattr(part, "eval", None))
