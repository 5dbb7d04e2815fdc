"""An epoch in words, for every bar."""

from __future__ import annotations

from torso.training.listeners import Epoch

__all__ = ["epoch_metrics", "epoch_words", "held_out_loss", "time_text"]


def epoch_metrics(epoch: Epoch) -> str:
    """Return each task's held-out metrics."""
    return " · ".join(
        f"{task} {name} {value:.3f}"
        for task, metrics in epoch.metrics.items()
        for name, value in metrics.items()
    )


def held_out_loss(epoch: Epoch) -> float:
    """Return the sum of the tasks' held-out losses, those apart that are undefined."""
    return sum(value for value in epoch.validation.values() if value == value)


def epoch_words(epoch: Epoch) -> str:
    """Return one line: the number, the held-out loss, the metrics.

    >>> epoch_words(Epoch(2, {}, {"price": 0.25}, {"price": {"r2": 0.5}}))
    'epoch   2  held-out loss 0.250  price r2 0.500'
    """
    return (
        f"epoch {epoch.number:>3}  held-out loss {held_out_loss(epoch):.3f}  {epoch_metrics(epoch)}"
    )


def time_text(seconds: float) -> str:
    """Return seconds, or minutes from 100 seconds on.

    >>> time_text(0.4), time_text(12.3), time_text(200)
    ('0.4 s', '12 s', '3 min')
    """
    if seconds < 100:
        return f"{seconds:.1f} s" if seconds < 2 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min"
