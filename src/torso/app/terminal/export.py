"""Lines about an exported run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torso.exporting import Costs, Written

__all__ = ["export_lines"]


def export_lines(made: Written) -> list[str]:
    """Return lines on the file, its tensors, their comparison with the run, and costs of a lighter precision."""
    beside = made.path.with_suffix(".json").name
    described = f", described in {beside}" if made.path.suffix == ".onnx" else ""
    lines = [f"{made.path}: {made.size / 1e6:.1f} MB{described}."]
    checked = made.checked
    if checked is None:
        return [
            *lines,
            "Weights of networks and heads alone: no plain models, nothing that reads a table.",
        ]
    tried = "all" if checked.all_subsets else "drawn"
    lines += [
        f"Takes {', '.join(made.inputs)}.",
        f"Gives {', '.join(made.outputs)}.",
        f"Answers as the run does on {checked.rows} drawn rows with {tried} {checked.subsets} subsets of its modalities: "
        f"largest difference {checked.largest:.1g}.",
    ]
    if checked.at_limits:
        lines.append(
            f"{checked.at_limits} of these rows lie at a limit of a plain model and may fall on its other side, as in "
            "the run itself when their tokens differ in the last digits."
        )
    return lines if made.costs is None else [*lines, *_cost_lines(made.costs)]


def _cost_lines(costs: Costs) -> list[str]:
    small, whole = costs.size
    name = max(costs.differences, key=lambda each: costs.differences[each])
    lines = [
        f"In {costs.precision}: {small / whole:.0%} of the size; on these rows {name} differs most, by "
        f"{costs.differences[name]:.2g} of the largest answer or of 1."
    ]
    if costs.tasks is None:
        return [
            *lines,
            "Not scored: name the table of the fit with --table to score it on the held-out rows.",
        ]
    return lines + [
        f"{task}, {cost.metric} on {cost.labels} {costs.split} labels: {cost.float32:.4g} in float32, {cost.lighter:.4g} in "
        f"{costs.precision}."
        for task, cost in costs.tasks.items()
    ]
