"""The learning rate over a training: a linear rise, then a cosine down to zero."""

from __future__ import annotations

import math

import torch

__all__ = ["set_step", "warmup_cosine"]


def warmup_cosine(
    optimizer: torch.optim.Optimizer, steps: int, warmup: float
) -> torch.optim.lr_scheduler.LambdaLR:
    """Return a schedule over `steps` steps; the rate rises in the first share `warmup` of them.

    From Loshchilov & Hutter, ICLR 2017, "SGDR" (https://arxiv.org/abs/1608.03983), equation 5. Differs: no restarts.
    """
    rising = max(1, round(warmup * steps))

    def factor(step: int) -> float:
        if step < rising:
            return (step + 1) / rising
        return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - rising) / max(1, steps - rising))))

    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)


def set_step(schedule: torch.optim.lr_scheduler.LambdaLR, step: int) -> None:
    """Go on with a schedule after `step` steps, as a resumed training does."""
    schedule.last_epoch = step
    groups = schedule.optimizer.param_groups
    for group, base, factor in zip(groups, schedule.base_lrs, schedule.lr_lambdas, strict=True):
        group["lr"] = float(base * factor(step))
