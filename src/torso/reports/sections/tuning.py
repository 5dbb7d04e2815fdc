"""Trials of a search: gains of two tasks over each other with the Pareto front, or of one task by trial."""

from __future__ import annotations

from typing import cast

from torso.reports.charts import Point, point_panel
from torso.reports.context import Context, Figure
from torso.reports.html import Content, element
from torso.reports.material import Material
from torso.reports.sections.section import Section, beside, legend, sentences, signed
from torso.runs.folder.json_files import Json
from torso.studies.tune.tuning import SavedTuning, TrialResult, Tuning

__all__ = ["tuning"]

_DEFAULT, _FRONT, _OTHER = 2, 1, 8


def tuning(context: Context) -> Section | None:
    """Return the trials of each run's search; None without any."""
    say = context.say
    studies = {}
    for run in context.runs:
        study = context.study(run, "tune", _read, context.command("tune", run=run))
        if study is not None:
            studies[run.name] = study
    if not studies:
        return None
    rows = [
        (name, trial.number, trial.end, task, gain, trial.number in study.front, _settings(trial))
        for name, study in studies.items()
        for trial in study.trials
        for task, gain in trial.gains.items()
    ]
    body = context.figure(
        Figure("trials", ("run", "trial", "end", "task", "gain", "front", "settings"), rows),
        beside(context, lambda run: _of(context, run, studies.get(run.name))),
        title=say("tune.trials"),
        about=say("tune.about"),
    )
    return Section("tune", say("tune.title"), body)


def _read(saved: Json) -> Tuning:
    return Tuning.from_dict(cast("SavedTuning", saved))


def _settings(trial: TrialResult) -> str:
    return "; ".join(f"{path}={value}" for path, value in trial.settings.items())


def _of(context: Context, run: Material, study: Tuning | None) -> Content:
    say = context.say
    if study is None:
        return None
    gain = study.unseen.gain
    told = say(
        f"tune.{study.unseen.verdict.replace(' ', '_')}",
        gain=f"{signed(gain.value, 1)} % [{signed(gain.low, 1)}, {signed(gain.high, 1)}]",
        rows=f"{study.unseen.rows:,}",
    )
    whole = [trial for trial in study.trials if trial.gains]
    across, up = (
        (study.tasks[0], study.tasks[1]) if len(study.tasks) > 1 else (None, study.tasks[0])
    )
    points = [
        Point(
            trial.gains[across] if across else float(trial.number),
            trial.gains[up],
            "\n".join(
                [
                    say("tune.trial", number=trial.number),
                    *(f"{t} {signed(g, 1)} %" for t, g in trial.gains.items()),
                    _settings(trial),
                ]
            ),
            _DEFAULT if trial.default else _FRONT if trial.number in study.front else _OTHER,
            size=6 if trial.default or trial.number in study.front else 4,
            joined=across is not None and trial.number in study.front,
        )
        for trial in whole
        if up in trial.gains and (across is None or across in trial.gains)
    ]
    names = (
        say("tune.gain", task=across) if across else say("tune.number"),
        say("tune.gain", task=up),
    )
    entries = [
        (say("tune.front" if study.separate else "tune.best"), _FRONT, "point"),
        (say("tune.default"), _DEFAULT, "point"),
        (say("tune.other"), _OTHER, "point"),
    ]
    described = say("tune.described", trials=len(points), run=run.name)
    return [
        element("p", told, class_="lead"),
        legend(*entries),
        element("div", point_panel("", points, names, described), class_="panels square"),
        sentences(context, study.notes),
    ]
