"""The config of each run, and the commands that repeat it and go on with it."""

from __future__ import annotations

from shlex import quote

from torso.reports.context import Context
from torso.reports.html import Html, element
from torso.reports.material import Material
from torso.reports.sections.section import Section, beside

__all__ = ["repeat", "unmade"]


def repeat(context: Context) -> Section:
    """Return how to repeat a run, its versions, and its whole config."""
    return Section(
        "repeat", context.say("repeat.title"), beside(context, lambda run: _of(context, run))
    )


def _of(context: Context, run: Material) -> list[Html]:
    say = context.say
    end = run.report.training.end
    facts = [
        (say("repeat.folder"), str(run.folder) if run.folder else say("repeat.memory")),
        (say("repeat.table"), run.table or "–"),
        (say("repeat.version"), run.report.torso),
        (say("repeat.parameters"), f"{run.report.training.parameters:,}"),
        (say("repeat.seed"), str(run.config.get("seed", "–"))),
        (say("repeat.end"), say.sentence(end) or end or "–"),
    ]
    listed = element("dl", [[element("dt", name), element("dd", value)] for name, value in facts])
    lines = []
    if run.folder is not None:
        place = quote(str(run.folder / "run.yaml"))
        lines.append(f"torso fit --config {place} -o {quote(str(run.folder) + '-again')}")
        lines.append(context.command("evaluate", run=run) + " LABELLED.csv")
    commands = [command_line(context, line) for line in lines]
    config = element(
        "details",
        element("summary", "run.yaml"),
        element("pre", element("code", run.config_text), tabindex="0"),
        class_="more",
    )
    return [listed, *commands, config]


def command_line(context: Context, line: str) -> Html:
    """Return a command with a button that copies it."""
    return element(
        "div",
        element("code", line),
        element("button", context.say("copy"), type="button", class_="copy", data_text=line),
        class_="command",
    )


def unmade(context: Context) -> Section | None:
    """Return the studies that nobody has made yet, with the commands that make them."""
    if not context.unmade:
        return None
    say = context.say
    by_name: dict[str, list[str]] = {}
    for study in context.unmade:
        by_name.setdefault(study.name, []).append(study.command)
    items = [
        element(
            "li",
            element(
                "div", element("strong", say(f"study.{name}")), " ", say(f"study.{name}.about")
            ),
            [command_line(context, command) for command in commands],
        )
        for name, commands in by_name.items()
    ]
    about = element("p", say("unmade.about"), class_="about")
    return Section("unmade", say("unmade.title"), [about, element("ul", items, class_="unmade")])
