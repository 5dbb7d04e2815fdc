"""The short search of `search: true`: learning rate, width, dropout and encoders, one after the other.

Each setting is tried on the first fold of one preparation, and kept where the held-out loss gains by it. So a search
takes about as long as eight networks. It is coordinate descent with one round and two values a setting: with so few
rows held out, a finer search would choose by chance.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch

from torso.core.errors import ConfigError, Diverged
from torso.encoders import Encoder
from torso.runs.networks.folds import rows_of_folds
from torso.runs.networks.network import train_network
from torso.runs.networks.timer import Timer
from torso.runs.preparing.prepared import Prepared
from torso.runs.processes.team import alone
from torso.training import Listener
from torso.training.trainer import INTERRUPTED

__all__ = ["Tuned", "tuned"]

Settings = dict[str, object]

_LEAST_GAIN = 0.01
"""Held-out loss per task by which a setting has to be better than the one before: less is chance."""
_WIDTHS = (32, 512)
_DROPOUTS = (0.0, 0.3)
_FORMS = ("numbers", "text")
"""Forms of which other encoders are tried."""


@dataclass(frozen=True)
class Tuned:
    """Result of a search.

    Attributes:
        settings: that did best, as far as they are not the defaults.
        tried: number of settings.
        losses: held-out loss with the defaults, and with `settings`.
        epoch: seconds of an epoch with them.
        whole: False where time ended the search.
    """

    settings: Settings = field(default_factory=dict)
    tried: int = 0
    losses: tuple[float, float] = (math.inf, math.inf)
    epoch: float = 0.0
    whole: bool = True

    @property
    def note(self) -> str:
        """The result in words."""
        ended = "" if self.whole else " The budget ended the search."
        if not self.tried:
            return (
                f"Search: no other settings were tried: those that it would try are named.{ended}"
            )
        if not self.settings:
            return (
                f"Search: {self.tried} other settings were tried on the first fold, and none did better than the "
                f"defaults.{ended}"
            )
        shares = {value for path, value in self.settings.items() if path.endswith(".dropout")}
        others = [
            f"{p}={value}" for p, value in self.settings.items() if not p.endswith(".dropout")
        ]
        said = ", ".join([*others, *(f"dropout={share} in the encoders" for share in shares)])
        return (
            f"Search: {self.tried} other settings were tried on the first fold. Best there: {said} (held-out loss "
            f"{self.losses[1]:.3f} instead of {self.losses[0]:.3f}).{ended} A setting that you name is not tried."
        )


@dataclass(frozen=True)
class _Trial:
    loss: float
    epoch: float


def tuned(prepared: Prepared, listener: Listener, timer: Timer | None = None) -> Tuned:
    """Return the settings that do best on the first fold; settings that were named stay as they are.

    Args:
        prepared: the rows, and the config to begin with.
        listener: is told of progress.
        timer: says when the search has to end; None for never.
    """
    planned = sum(len([*axis(prepared)]) for axis in _AXES)
    if not planned:
        return Tuned()
    with torch.random.fork_rng(range(torch.cuda.device_count())):
        listener.preparing("settings", 0, planned + 1)
        first = best = _trial(prepared, timer)
        chosen: Settings = {}
        tried = done = 0
        longest = 0.0
        for axis in _AXES:
            start = prepared.under(chosen)
            better: Settings = {}
            for change in axis(start):
                done += 1
                listener.preparing("settings", done, planned + 1)
                began = 0.0 if timer is None else timer.left
                if timer is not None and began < longest:
                    return Tuned(
                        {**chosen, **better}, tried, (first.loss, best.loss), best.epoch, False
                    )
                try:
                    other = start.under(change)
                except ConfigError:  # it asks for another preparation, or for other sizes
                    continue
                trial = _trial(other, timer)
                tried += 1
                longest = max(longest, 0.0 if timer is None else began - timer.left)
                if trial.loss < best.loss - _LEAST_GAIN * len(prepared.config.targets):
                    better, best = change, trial
            chosen |= better
    return Tuned(chosen, tried, (first.loss, best.loss), best.epoch)


def _trial(prepared: Prepared, timer: Timer | None) -> _Trial:
    """Train the network of the first fold; return its held-out loss, infinite where it diverges."""
    rows, _ = rows_of_folds(prepared, prepared.config)[0]
    torch.manual_seed(prepared.config.seed)
    try:
        with alone():  # a trial may diverge, which would end the other processes
            network = train_network(
                rows, prepared.config, Listener() if timer is None else timer.deadline()
            )
    except Diverged:
        return _Trial(math.inf, 0.0)
    if network.trainer.reason == INTERRUPTED:
        raise KeyboardInterrupt
    losses = network.held_out.losses(network.model).values()
    return _Trial(
        sum(loss for loss in losses if not math.isnan(loss)),
        network.training / max(network.trainer.epoch, 1),
    )


def _rates(prepared: Prepared) -> Iterator[Settings]:
    if prepared.named("training.lr") is None:
        rate = prepared.config.training.lr
        for factor in (3.0, 1 / 3):
            yield {"training.lr": float(f"{rate * factor:.1g}")}


def _widths(prepared: Prepared) -> Iterator[Settings]:
    least, most = _WIDTHS
    if prepared.named("dim") is None:
        dim = prepared.config.dim
        for width in (2 * dim, dim // 2):
            if least <= width <= most:
                yield {"dim": width}


def _dropouts(prepared: Prepared) -> Iterator[Settings]:
    open_ = [
        name
        for name, encoder in prepared.config.encoders.items()
        if "dropout" in encoder and not _asked_for(prepared, name, "dropout")
    ]
    for share in _DROPOUTS if open_ else ():
        yield {f"encoders.{name}.dropout": share for name in open_}


def _encoders(prepared: Prepared) -> Iterator[Settings]:
    for name, modality in prepared.schema.modalities.items():
        if modality.form not in _FORMS or _asked_for(prepared, name, "type"):
            continue
        own = Encoder.registry.parse(prepared.config.encoders[name], modality.form).name
        for part in Encoder.registry:
            form, _, short = part.partition("/")
            if form == modality.form and part != own:
                yield {f"encoders.{name}.type": short}


def _asked_for(prepared: Prepared, modality: str, key: str) -> bool:
    """Return whether a modality's encoder was named, or one of its settings."""
    asked = (prepared.values.get("encoders") or {}).get(modality)
    return asked is not None if key == "type" else isinstance(asked, dict) and key in asked


_AXES: tuple[Callable[[Prepared], Iterator[Settings]], ...] = (
    _rates,
    _widths,
    _encoders,
    _dropouts,
)
