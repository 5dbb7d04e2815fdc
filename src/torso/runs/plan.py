"""The plan of a run: settings that its dial and its budget choose where they were left open.

Each choice is a note, and stands in `run.yaml` like a setting that was named; so the run repeats without choosing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch

from torso.core.errors import TorsoError
from torso.core.notes import Telling
from torso.runs.blending.half import FittedHalf, fit_half, tested
from torso.runs.build import build_model
from torso.runs.networks.timer import Timer
from torso.runs.networks.tuning import tuned
from torso.runs.preparing.complete import why_no_folds
from torso.runs.preparing.prepared import Prepared
from torso.runs.probe import Pace, measured_pace
from torso.runs.settings.config import RunConfig
from torso.runs.settings.durations import duration_text, seconds_of
from torso.training import Listener

__all__ = ["Planned", "needs_plan", "planned"]

_FOLDS = 5
_FEWEST_EPOCHS = 24
"""Epochs that a network should have before there is a second one."""
_PLAIN_SHARE = 0.6
"""Share of the time that is left which plain models may take: on few rows they are worth more than networks."""
_READING_SHARE = 1 / 3
"""Share of a budget that reading may take; beyond, the pace is not measured, which takes about as long again."""
_FEW_EPOCHS = 5
"""Epochs of the network then, at most: the clock ends it."""
_COMPARED = 1.0
"""Times that the seconds of the verdict without them come on top where they are compared with networks."""
_MOST_REPEATS = {"fast": 1, "balanced": 2, "best": 4}
"""Draws of the folds up to which time that is left is spent on more networks."""

_WRITING_SHARE = 0.04
"""Share of a budget that is kept for writing the run, and for a pace that was measured too fast."""
_SLOWER = 1.5
"""Factor of the measured seconds of the verdict, lest a machine that becomes busy makes the run late."""


def needs_plan(config: RunConfig) -> bool:
    """Return whether a dial or a budget has something to choose."""
    return config.quality != "balanced" or config.search or config.budget is not None


@dataclass(frozen=True, eq=False)
class Planned:
    """Plan of a run: its choices, its clock, its plain models.

    Attributes:
        prepared: the preparation with all choices made.
        timer: the clock with time for the verdict; None without a budget.
        half: the plain models where there is a budget: they come first, so the networks know what is left.
    """

    prepared: Prepared
    timer: Timer | None
    half: FittedHalf | None = None


def planned(prepared: Prepared, listener: Listener, timer: Timer | None) -> Planned:
    """Return the plan of a run.

    Args:
        prepared: the rows, and the config as it was asked for.
        listener: is told of choices and of progress.
        timer: of the run's budget; None without any.
    """
    plan = _Plan(prepared, listener, timer)
    plan.tell_quality()
    if timer is not None:
        plan.measure()
        plan.fit_plain()
    if prepared.config.search:
        plan.search()
    if timer is not None:
        plan.fit_to_time()
    told = (*prepared.notes, *plan.told)
    return Planned(replace(plan.prepared, notes=told), plan.timer, plan.half)


@dataclass(eq=False)
class _Plan:
    prepared: Prepared
    listener: Listener
    timer: Timer | None
    pace: Pace | None = None
    half: FittedHalf | None = None
    slow: bool = False
    told: list[str] = field(default_factory=list)

    @property
    def networks(self) -> int:
        return max(1, (self.prepared.config.folds or 0) * (self.prepared.config.repeats or 1))

    @property
    def budget(self) -> str:
        return duration_text(seconds_of(self.prepared.config.budget))

    def tell(self, note: str) -> None:
        self.told.append(note)
        self.listener.noted(note)

    def choose(self, **settings: object) -> None:
        """Set those settings that were left open; `__` stands for a dot."""
        paths = {key.replace("__", "."): value for key, value in settings.items()}
        self.prepared = self.prepared.under(
            {path: value for path, value in paths.items() if self.prepared.named(path) is None}
        )

    def tell_quality(self) -> None:
        """Tell the settings of the dial."""
        config = self.prepared.config
        if config.quality == "fast":
            named = [key for key in ("folds", "blend") if self.prepared.named(key) is not None]
            kept = f" You named {' and '.join(f'`{key}`' for key in named)}." if named else ""
            self.tell(
                Telling(
                    f"Quality fast: folds={config.folds}, blend={config.blend}.{kept} `--quality balanced` adds plain "
                    "models, and networks where rows are few."
                )
            )
        elif config.quality == "best":
            why = why_no_folds(config, self.prepared.schema)
            self.tell(
                Telling(
                    f"Quality best: {self.networks} networks on {config.folds} folds of the rows{_drawn(config.repeats)}; plain "
                    f"models{_drawn(config.plain.repeats)}."
                    if config.folds
                    else f"Quality best: one network, since {why or '`folds: 0` was named'}."
                )
            )

    def measure(self) -> None:
        """Take the pace on a few rows, and leave plain models out where they would take too long."""
        assert self.timer is not None
        whole = seconds_of(self.prepared.config.budget)
        read = whole - (self.timer.end - self.timer.clock())
        self.slow = read > _READING_SHARE * whole
        if self.slow:
            return
        try:
            self.pace = measured_pace(self.prepared)
        except TorsoError:  # the training will say what is wrong
            return
        reserved = _SLOWER * self.pace.evaluating + _WRITING_SHARE * whole
        self.timer = replace(self.timer, reserved=reserved)

    def fit_plain(self) -> None:
        """Fit the plain models, as many as there is time for: they are worth more than networks on few rows."""
        assert self.timer is not None
        config = self.prepared.config
        if config.blend == "off":
            return
        evaluating = 0.0 if self.pace is None else self.pace.evaluating
        later = self.timer.reserved + _SLOWER * _COMPARED * evaluating
        timer = replace(self.timer, reserved=later)
        left = 0.0 if self.pace is None else timer.left - self.pace.network(1)
        if left <= 0:
            self.half = FittedHalf.none()
            self.choose(blend="off")
            if not self.slow:
                self.tell(
                    "Budget: there is no time for plain models, which a larger one would have."
                )
            return
        clock = timer.clock
        began = clock()
        share = Timer(began + _PLAIN_SHARE * left, clock=clock)
        with torch.random.fork_rng(range(torch.cuda.device_count())):
            heads = dict(build_model(config, self.prepared.schema).heads.pairs())
        fitted = fit_half(self.prepared, config, heads, _Teller(self.tell), share)
        self.half = None if fitted is None else tested(fitted, self.prepared, config)
        if self.half is not None and self.half.half.tasks:
            self.timer = timer
        took = duration_text(clock() - began)
        self.tell(Telling(f"Budget: the plain models took {took} of {self.budget}."))

    def search(self) -> None:
        """Search settings in the time that the networks leave."""
        timer = self.timer
        if timer is not None:
            if self.pace is None:
                return
            networks = self.networks * self.pace.network(self.prepared.config.training.epochs)
            timer = replace(timer, reserved=timer.reserved + networks)
            if timer.left < 2 * self.pace.network(_FEWEST_EPOCHS):
                self.tell("Budget: there is no time for a search of settings.")
                return
        result = tuned(self.prepared, self.listener, timer)
        self.tell(Telling(result.note))
        self.prepared = self.prepared.under(result.settings)
        if self.pace is not None and result.epoch:
            self.pace = replace(self.pace, epoch=result.epoch)

    def fit_to_time(self) -> None:
        """Say how long the networks will take, at most; fewer of them, or epochs, where that is too long."""
        assert self.timer is not None
        left, epochs = self.timer.left, self.prepared.config.training.epochs
        if self.pace is None:
            if self.slow:
                most = _FEW_EPOCHS if left > 0 else 1
                self.choose(folds=0, blend="off", training__epochs=most)
                self.tell(
                    f"Budget: reading took more than a third of {self.budget}: {_networks(1, most)}, and no plain models. "
                    "A larger budget has time for more."
                )
            return
        count, pace = self.networks, self.pace
        again = count == 1 and self.prepared.config.refit
        left = left / 2 if again else left
        if count == 1 and not again and self._may_have_folds(left, epochs):
            self.choose(folds=_FOLDS)
            count = self.networks
        whole = count * pace.network(epochs)
        if whole <= left:
            used = seconds_of(self.prepared.config.budget) - self.timer.left
            self.tell(
                Telling(
                    f"Budget: {_networks(count, epochs)}: about {duration_text(used + whole)} of {self.budget}."
                )
            )
            self._spend(count)
            return
        fixed = self.prepared.named("training.epochs") is not None
        least = epochs if fixed else min(epochs, _FEWEST_EPOCHS)
        fit = max(1, min(count, int(left // pace.network(least))))
        fewer = epochs if fixed else int((left / fit - pace.preparing) // pace.epoch)
        fewer = max(1, min(epochs, fewer))
        if fit == 1 < count:
            self.choose(folds=0)
        self.choose(training__epochs=fewer)
        self.tell(
            f"Budget: {_networks(count, epochs)} would take about {duration_text(whole)}, but {duration_text(max(left, 0))} of "
            f"{self.budget} are left for them. "
            f"Instead: {_networks(fit, fewer)}."
        )

    def _may_have_folds(self, left: float, epochs: int) -> bool:
        """Return whether there is time for a network a fold, where many rows have one by default."""
        config = self.prepared.config
        assert self.pace is not None
        return (
            config.quality != "fast"
            and self.prepared.named("folds") is None
            and self.prepared.settled.folds != 0
            and why_no_folds(config, self.prepared.schema) is None
            and _FOLDS * self.pace.network(epochs) <= left
        )

    def _spend(self, count: int) -> None:
        """Let networks on other folds be trained in time that is left."""
        config = self.prepared.config
        most = _MOST_REPEATS[config.quality]
        if config.folds and self.prepared.named("repeats") is None and (config.repeats or 1) < most:
            self.choose(repeats=most)
            self.tell(
                Telling(
                    f"Budget: as far as there is time after these {count}, up to {self.networks} networks are trained, on folds "
                    "that are drawn anew."
                )
            )


class _Teller(Listener):
    """Passes notes on."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell

    def noted(self, message: str) -> None:
        self._tell(message)


def _drawn(repeats: int | None) -> str:
    return f" drawn {'twice' if repeats == 2 else f'{repeats} times'}" if (repeats or 1) > 1 else ""


def _networks(count: int, epochs: int) -> str:
    networks = "1 network" if count == 1 else f"{count} networks"
    return f"{networks} of {'1 epoch' if epochs == 1 else f'at most {epochs} epochs'}"
