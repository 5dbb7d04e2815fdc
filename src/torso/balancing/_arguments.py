"""The arguments of a balancer, in the spellings that loops have: here they become one.

A list of losses, `body.parameters()`, labels that a batch lacks: whatever a loop has at hand is taken, and what
would be read as something else (text as letters, a module's pieces, a picture of losses) is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor, nn

from torso.core.errors import unknown

__all__ = ["Losses", "Present", "names_of", "parameters_of", "present_of", "stacked"]

Losses = Tensor | Mapping[str, Tensor | None] | Iterable[Tensor | None]
"""`[tasks]`, a loss per task in their order, or task -> loss; None for a task without labels."""

Present = Tensor | Sequence[bool] | None
"""Which tasks have labels in a batch; None for all."""


def names_of(tasks: Iterable[str] | int) -> tuple[str, ...]:
    """Return the names of the tasks; a number names them `task 0`, `task 1` ...

    Raises:
        ValueError: one name as text, none, or one twice.
    """
    if isinstance(tasks, str):
        raise ValueError(
            f"Parameter `tasks` should be a list of names. Found the text {tasks!r}. Write [{tasks!r}]."
        )
    names = (
        tuple(f"task {index}" for index in range(tasks)) if isinstance(tasks, int) else (*tasks,)
    )
    if not names:
        raise ValueError("Parameter `tasks` should name at least one task. Found none.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"Parameter `tasks` should name each task once. Found {twice} twice.")
    return names


def stacked(tasks: Sequence[str], losses: Losses) -> tuple[Tensor, Tensor | None]:
    """Return the losses as a tensor `[tasks]`, and bool `[tasks]`: which were given; None for all.

    A task without a loss has NaN.

    Raises:
        ValueError: another number of losses, an unknown task, or a loss that is not one number with a graph.
    """
    if isinstance(losses, Tensor):
        return losses, None
    if isinstance(losses, Mapping):
        for task in losses:
            if task not in tasks:
                raise ValueError(unknown("task in `losses`:", task, tasks))
        losses = [losses.get(task) for task in tasks]
    each = [*losses]
    if len(each) != len(tasks):
        raise ValueError(
            f"Parameter `losses` should be one loss per task, for {list(tasks)}. Found {len(each)}."
        )
    numbers = {
        task: _number(task, loss)
        for task, loss in zip(tasks, each, strict=True)
        if loss is not None
    }
    nothing = next(iter(numbers.values()), torch.zeros(())).new_tensor(torch.nan)
    together = torch.stack([numbers.get(task, nothing) for task in tasks])
    given = None if len(numbers) == len(tasks) else [task in numbers for task in tasks]
    return together, None if given is None else torch.tensor(given, device=together.device)


def _number(task: str, loss: object) -> Tensor:
    if not isinstance(loss, Tensor):
        raise ValueError(
            f"The loss of {task!r} should be a tensor with its graph, or None without labels. Found "
            f"{type(loss).__name__} {loss!r}."
        )
    if loss.numel() != 1:
        raise ValueError(
            f"The loss of {task!r} should be one number. Found shape {list(loss.shape)}: take its `.mean()`."
        )
    return loss.reshape(()) if loss.ndim else loss


def present_of(
    tasks: Sequence[str], present: Present, given: Tensor | None, device: torch.device
) -> Tensor | None:
    """Return bool `[tasks]`: which have labels, as was said and as the losses show; None for all.

    Raises:
        ValueError: another number of them.
    """
    if present is None:
        return given
    said = torch.as_tensor(present, device=device).bool()
    if said.shape != (len(tasks),):
        raise ValueError(
            f"Parameter `present` should be [tasks] = [{len(tasks)}]. Found shape {list(said.shape)}."
        )
    return said if given is None else said & given


def parameters_of(name: str, given: Iterable[nn.Parameter]) -> list[nn.Parameter]:
    """Return parameters as a list, each once, from any iterable.

    Args:
        name: of the argument, for errors.
        given: e.g. `body.parameters()`.

    Raises:
        ValueError: a module, one tensor, names, or anything else than parameters.
    """
    if isinstance(given, nn.Module):
        raise ValueError(_expected(name, f"a {type(given).__name__}; write its `.parameters()`"))
    if isinstance(given, Tensor):
        raise ValueError(_expected(name, "one tensor; write it in brackets"))
    parameters = {id(parameter): parameter for parameter in given}
    for parameter in parameters.values():
        if not isinstance(parameter, Tensor):
            raise ValueError(_expected(name, f"{type(parameter).__name__} among them"))
    return [*parameters.values()]


def _expected(name: str, value: str) -> str:
    return f"Parameter `{name}` should be parameters, as `body.parameters()`. Found {value}."
