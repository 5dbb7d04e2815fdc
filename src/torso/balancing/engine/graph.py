"""Questions to autograd's graph: its nodes, its leaves, and where each task's part of it begins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.autograd.graph import GradientEdge, Node

from torso.core.errors import ConfigError, StepError

__all__ = ["leaf", "nodes", "own_parameters", "task_roots", "trainable", "unreached"]


def nodes(tensors: Sequence[Tensor]) -> list[Node]:
    """Return every node of the graph that leads to `tensors`, each once."""
    stack = [tensor.grad_fn for tensor in tensors if tensor.grad_fn is not None]
    seen = dict.fromkeys(stack)
    while stack:
        for node, _ in stack.pop().next_functions:
            if node is not None and node not in seen:
                seen[node] = None
                stack.append(node)
    return list(seen)


def leaf(node: Node) -> Tensor | None:
    """Return the tensor that receives the gradient at `node`; None for an operation."""
    variable: Tensor | None = getattr(node, "variable", None)
    return None if node.next_functions else variable


def own_parameters(losses: Tensor, shared: Iterable[nn.Parameter]) -> list[Tensor]:
    """Return the leaves of the graph of `losses` that are not in `shared`, in no particular order.

    The walk costs about a third of a microsecond per operation. It is repeated for every batch, since the next
    batch's graph may have other leaves.

    Args:
        losses: any tensor with a graph.
        shared: parameters to leave out.
    """
    left_out = {id(parameter) for parameter in shared}
    leaves = (leaf(node) for node in nodes([losses]))
    return [tensor for tensor in leaves if tensor is not None and id(tensor) not in left_out]


def task_roots(losses: Tensor, present: Tensor) -> list[tuple[Tensor | GradientEdge, Tensor]]:
    """Return for each present task the root to differentiate, and the gradient to start with.

    Args:
        losses: `[tasks]`.
        present: bool `[tasks]`.
    """
    indices = present.nonzero().flatten().tolist()
    start = torch.ones((), dtype=losses.dtype, device=losses.device)
    node = losses.grad_fn
    assert node is not None, "losses without a graph are refused before"
    if node.name() == "WhereBackward0" and torch.equal(_condition(node), present):
        node = node.next_functions[0][0]
    if node is None or node.name() != "StackBackward0":
        return [(losses[index], start) for index in indices]
    # Begin below the stack: the derivative of one entry of a stack sends zeros through all other heads.
    roots: list[tuple[Tensor | GradientEdge, Tensor]] = []
    for index in indices:
        below, output = node.next_functions[index]
        roots.append((losses[index] if below is None else GradientEdge(below, output), start))
    return roots


def _condition(node: Node) -> Tensor:
    condition: Tensor = node._saved_condition  # type: ignore[attr-defined]
    return condition


def trainable(tensors: Sequence[Tensor]) -> list[Tensor]:
    """Return the tensors that require a gradient.

    Raises:
        StepError: none does.
    """
    wanted = [tensor for tensor in tensors if tensor.requires_grad]
    if not wanted:
        frozen = "all are frozen" if tensors else "none was given"
        cure = (
            "Unfreeze some"
            if tensors
            else "Write `body.parameters()` in the call: a generator serves one step"
        )
        raise StepError(
            f"There is no shared parameter that requires a gradient ({frozen}), so there is nothing to balance.",
            f"{cure}; or use `Equal`.",
            "Unfreeze some, or use --set balancing=equal.",
        )
    return wanted


def unreached() -> ConfigError:
    """Return the error for losses that depend on none of the tensors."""
    return ConfigError(
        "No loss reaches any shared parameter: were the features detached, or are these the parameters "
        "of another model? Pass the parameters that these losses were computed with."
    )
