"""The plan of a run: settings that its dial and its budget choose where they were left open.

Each choice is a note, and stands in `run.yaml` like a setting that was named; so the run repeats without choosing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from torso.core.errors import TorsoError
from torso.runs.complete import why_no_folds
from torso.runs.config import RunConfig
from torso.runs.durations import duration_text, seconds_of
from torso.runs.prepared import Prepared
from torso.runs.probe import Pace, measured_pace
from torso.runs.timer import Timer
from torso.runs.tuning import tuned
from torso.training import Listener

__all__ = ["needs_plan", "planned"]

_FEWEST_EPOCHS = 24
"""Epochs that a network should have before there is a second one."""
_PLAIN_SHARE = 0.8
"""Share of the time that is left which plain models may take: on few rows they are worth more than networks."""

_WRITING_SHARE = 0.04
"""Share of a budget that is kept for writing the run, and for a pace that was measured too fast."""


def needs_plan(config: RunConfig) -> bool:
    """Return whether a dial or a budget has something to choose."""
    return config.quality != "balanced" or config.search or config.budget is not None


def planned(
    prepared: Prepared, listener: Listener, timer: Timer | None
) -> tuple[Prepared, Timer | None]:
    """Return the preparation with all choices made, and the clock with time for the verdict.

    Args:
        prepared: the rows, and the config as it was asked for.
        listener: is told of choices and of progress.
        timer: of the run's budget; None without any.
    """
    plan = _Plan(prepared, listener, timer)
    plan.tell_quality()
    if timer is not None:
        plan.measure()
    if prepared.config.search:
        plan.search()
    if timer is not None:
        plan.fit_to_time()
    told = (*prepared.notes, *plan.told)
    return replace(plan.prepared, notes=told), plan.timer


@dataclass(eq=False)
class _Plan:
    prepared: Prepared
    listener: Listener
    timer: Timer | None
    pace: Pace | None = None
    after: float = 0.0  # seconds that follow the networks
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
                f"Quality fast: folds={config.folds}, blend={config.blend}.{kept} `--quality balanced` adds plain "
                "models, and networks where rows are few."
            )
        elif config.quality == "best":
            why = why_no_folds(config, self.prepared.schema)
            self.tell(
                f"Quality best: {self.networks} networks on {config.folds} folds of the rows{_drawn(config.repeats)}; plain "
                f"models{_drawn(config.plain.repeats)}."
                if config.folds
                else f"Quality best: one network, since {why or '`folds: 0` was named'}."
            )

    def measure(self) -> None:
        """Take the pace on a few rows, and leave plain models out where they would take too long."""
        assert self.timer is not None
        if self.timer.left <= 0:
            return
        try:
            self.pace = measured_pace(self.prepared)
        except TorsoError:  # the training will say what is wrong
            return
        plain = self.pace.plain
        if plain > _PLAIN_SHARE * self.timer.left and self.prepared.named("blend") is None:
            self.tell(
                f"Budget: the plain models would take about {duration_text(plain)} of {self.budget}: they are left "
                "out (`blend: off`)."
            )
            self.choose(blend="off")
            plain = 0.0
        self.after = self.pace.evaluating + plain
        writing = _WRITING_SHARE * seconds_of(self.prepared.config.budget)
        self.timer = replace(self.timer, reserved=self.after + writing)

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
        self.tell(result.note)
        self.prepared = self.prepared.under(result.settings)
        if self.pace is not None and result.epoch:
            self.pace = replace(self.pace, epoch=result.epoch)

    def fit_to_time(self) -> None:
        """Say how long the networks will take, at most; fewer of them, or epochs, where that is too long."""
        assert self.timer is not None
        left, epochs = self.timer.left, self.prepared.config.training.epochs
        if self.pace is None:
            if left <= 0:
                self.choose(folds=0, blend="off", training__epochs=1)
                self.tell(
                    f"Budget: {self.budget} are spent before the first step: one network of one epoch."
                )
            return
        count, pace = self.networks, self.pace
        again = count == 1 and self.prepared.config.refit
        left = left / 2 if again else left
        whole = count * pace.network(epochs)
        if whole <= left:
            self.tell(
                f"Budget: {_networks(count, epochs)}: about {duration_text(whole + self.after)} of "
                f"{self.budget}."
            )
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
            f"Budget: {_networks(count, epochs)} would take about {duration_text(whole + self.after)} of {self.budget}. "
            f"Instead: {_networks(fit, fewer)}."
        )


def _drawn(repeats: int | None) -> str:
    return f" drawn {'twice' if repeats == 2 else f'{repeats} times'}" if (repeats or 1) > 1 else ""


def _networks(count: int, epochs: int) -> str:
    networks = "1 network" if count == 1 else f"{count} networks"
    return f"{networks} of {'1 epoch' if epochs == 1 else f'at most {epochs} epochs'}"
