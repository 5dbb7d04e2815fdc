"""Thresholds of a run's tasks: chosen on held-out rows or said by hand, applied to predictions, and their gain."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
import yaml

from torso.core.cures import setting
from torso.core.errors import ConfigError, unknown, within
from torso.core.yaml_text import read_yaml
from torso.evaluation.bootstrap import interval, resamples_of, units_of
from torso.evaluation.estimate import Estimate
from torso.runs.report.decision_report import DecisionReport
from torso.runs.report.report import RunReport
from torso.runs.schema.schema import Schema
from torso.tasks import Decision, Target, labelled
from torso.training import Listener, Prediction

__all__ = [
    "Said",
    "check_decisions",
    "chosen_decisions",
    "decided",
    "decision_reports",
    "read_thresholds",
    "with_hand",
]

Said = float | Mapping[str, float | Mapping[str, float] | None]
_RESAMPLES = 1000


def check_decisions(targets: Mapping[str, Target]) -> None:
    """Refuse thresholds of classes or labels that a fitted target does not have.

    Raises:
        ConfigError: with the path of the setting.
    """
    for task, kind in targets.items():
        with within(f"targets.{task}"):
            kind.decision()


def chosen_decisions(
    schema: Schema,
    predictions: Mapping[str, Prediction],
    labels: Mapping[str, np.ndarray],
    listener: Listener,
) -> dict[str, Decision]:
    """Return task -> the thresholds that its settings say, or that held-out rows choose for a metric.

    Args:
        schema: fitted.
        predictions: task -> answers to held-out rows.
        labels: task -> their labels.
        listener: is told where no threshold can be chosen.
    """
    decisions = {}
    for task, kind in schema.targets.items():
        said = kind.decision()
        if said is not None:
            decisions[task] = said
        elif kind.decide_by is not None and kind.decider is not None:
            truth = kind.compared(labels[task])
            thresholds = kind.decider.choose(kind.decide_by, predictions[task].value, truth)
            if thresholds:
                decisions[task] = Decision(thresholds, kind.decide_by)
            else:
                path = f"targets.{task}"
                listener.noted(
                    f"{task}: no held-out row has a label, so `decide_by` chose no threshold. Give more rows a label, or say a "
                    f"threshold: {setting(f'{path}.decide_by', None)} {setting(f'{path}.threshold', kind.decider.example)}"
                )
    return decisions


def decided(
    schema: Schema, decisions: Mapping[str, Decision], predictions: Mapping[str, Prediction]
) -> dict[str, Prediction]:
    """Return predictions whose answers (`chosen` among the details) go by the thresholds."""
    answered = dict(predictions)
    for task, decision in decisions.items():
        decider = schema.targets[task].decider
        if decider is not None and task in answered:
            value, details = answered[task]
            chosen = decider.decide(value, decision.thresholds, details)
            answered[task] = Prediction(value, {**details, "chosen": chosen})
    return answered


def decision_reports(
    schema: Schema,
    decisions: Mapping[str, Decision],
    judged: tuple[Mapping[str, Prediction], Mapping[str, np.ndarray], np.ndarray | None],
    seed: int,
) -> dict[str, DecisionReport]:
    """Return task -> its thresholds and their gain.

    Args:
        schema: fitted.
        decisions: task -> thresholds.
        judged: predictions without them, labels, and groups of the judged rows; None for no groups.
        seed: of the resamples.
    """
    predictions, labels, groups = judged
    reports = {}
    for task, decision in decisions.items():
        kind = schema.targets[task]
        decider, truth = kind.decider, kind.compared(labels[task])
        assert decider is not None
        used = np.flatnonzero(labelled(truth))
        metric = decision.metric or decider.usual
        value, details = predictions[task]
        before, after = (
            decider.measure(metric, decider.decide(value, limits, details)[used], truth[used])
            for limits in ({}, decision.thresholds)
        )
        whole = np.ones((1, len(used)))
        point = float(before(whole)[0]), float(after(whole)[0])
        units = np.arange(len(used)) if groups is None else units_of(groups[used])
        drawn = [after(some) - before(some) for some in resamples_of(units, _RESAMPLES, seed)]
        bounds = interval(np.concatenate(drawn)) if len(used) else (np.nan, np.nan)
        gain = Estimate(point[1] - point[0], *bounds)
        reports[task] = DecisionReport(
            decision.thresholds, metric, bool(decision.metric), *point, gain
        )
    return reports


def with_hand(
    decisions: Mapping[str, Decision], report: RunReport, schema: Schema, said: Said
) -> tuple[dict[str, Decision], RunReport]:
    """Return decisions with the thresholds that a user says, and the report without figures of those before.

    Args:
        decisions: task -> thresholds, as they are.
        report: of the run.
        schema: fitted.
        said: a number, where a single task takes one, or task -> number, or class or label -> number; None for a task
            that goes without.

    Raises:
        ConfigError: a task that has no thresholds, an unknown class, or a number that is no threshold.
    """
    deciders = {task: kind.decider for task, kind in schema.targets.items()}
    able = [task for task, decider in deciders.items() if decider is not None]
    if not isinstance(said, Mapping):
        if len(able) != 1:
            raise ConfigError(
                f"`threshold` should say the task, such as {{{(able or ['TASK'])[0]!r}: {said!r}}}, as {len(able)} tasks take "
                f"one: {able}. Found {said!r}."
            )
        said = {able[0]: said}
    kept = dict(decisions)
    for task, own in said.items():
        decider = deciders.get(task)
        if decider is None:
            kind = f" It is of the kind {schema.targets[task].kind}." if task in deciders else ""
            raise ConfigError(f"`threshold`: {unknown('task with thresholds', task, able)}{kind}")
        kept.pop(task, None)
        if own is not None:
            with within(task):
                kept[task] = Decision(decider.by_hand(own))
    figures = {task: own for task, own in report.decisions.items() if task not in said}
    return kept, replace(report, decisions=figures)


def read_thresholds(texts: Sequence[str], tasks: Collection[str]) -> Said:
    """Return thresholds as a command line says them: `0.3`, `spam=0.3` or `topic={rare: 0.2}`.

    >>> read_thresholds(["spam=0.3", "topic={rare: 0.2}"], ["spam", "topic"])
    {'spam': 0.3, 'topic': {'rare': 0.2}}

    Args:
        texts: one for each task, or one number.
        tasks: known names, which may hold the sign between them.

    Raises:
        ConfigError: neither a number nor a task with its value.
    """
    said: dict[str, float | Mapping[str, float] | None] = {}
    for text in texts:
        name = max((task for task in tasks if text.startswith(f"{task}=")), key=len, default="")
        name = name or text.partition("=")[0]
        given = text[len(name) + 1 :] if "=" in text else text
        try:
            value = read_yaml(given)
        except yaml.YAMLError:
            value = given
        if "=" not in text and len(texts) == 1 and isinstance(value, int | float):
            return value
        if "=" not in text or not (value is None or isinstance(value, int | float | Mapping)):
            raise ConfigError(
                f"`--threshold` should be a number, TASK=NUMBER or 'TASK={{CLASS: NUMBER}}'. Found {text!r}. Tasks: {[*tasks]}."
            )
        said[name] = value
    return said
