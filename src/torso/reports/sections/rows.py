"""Rows, labels and columns that a run used, and its notes."""

from __future__ import annotations

from torso.reports.context import Context, Figure
from torso.reports.html import Content, Html, element
from torso.reports.material import Material
from torso.reports.sections.section import Section, beside, kind_text

__all__ = ["notes", "rows_used"]

_PARTS = ("training", "validation", "test")


def rows_used(context: Context) -> Section:
    """Return the labels per task and part, rows per modality, and cells that counted as missing."""
    say = context.say
    labels = context.figure(
        Figure(
            "labels",
            ("run", "task", "part", "labels", "rows"),
            [
                (run.name, task, part, own.get(task, 0), run.report.usage.rows.get(part))
                for run in context.runs
                for part, own in run.report.usage.labels.items()
                for task in run.report.tasks
            ],
        ),
        beside(context, lambda run: _labels(context, run)),
        title=say("rows.labels"),
        about=say("rows.labels_about"),
        table=False,
    )
    modalities = context.figure(
        Figure(
            "modalities",
            ("run", "modality", "rows"),
            [
                (run.name, modality, rows)
                for run in context.runs
                for modality, rows in run.report.usage.training_rows_with.items()
            ],
        ),
        beside(context, lambda run: _modalities(context, run)),
        title=say("rows.modalities"),
        about=say("rows.modalities_about"),
        table=False,
    )
    columns = element(
        "details",
        element("summary", say("rows.columns")),
        beside(context, lambda run: _columns(context, run)),
        class_="more",
    )
    return Section("rows", say("rows.title"), [labels, modalities, columns])


def _labels(context: Context, run: Material) -> Html:
    say, usage = context.say, run.report.usage
    parts = [part for part in _PARTS if usage.rows.get(part)]
    head = [element("th", say("column.task"), scope="col")]
    head += [
        element(
            "th",
            say(f"part.{part}"),
            element("span", f"{usage.rows[part]:,}", class_="kind"),
            scope="col",
            class_="number",
        )
        for part in parts
    ]
    body = [
        element(
            "tr",
            element("th", task, scope="row"),
            [_filled(usage.labels.get(part, {}).get(task, 0), usage.rows[part]) for part in parts],
            data_task=task,
        )
        for task in run.report.tasks
    ]
    return _scroll(context, say("rows.labels"), head, body)


def _filled(count: int, rows: int) -> Html:
    """Return a cell with a number and the share that it is of."""
    share = count / rows if rows else 0.0
    return element(
        "td",
        f"{count:,}",
        element("span", f"{share:.0%}", class_="kind"),
        class_="number filled",
        style=f"--v:{share:.3f}",
        data_v=count,
    )


def _modalities(context: Context, run: Material) -> Html:
    say, usage = context.say, run.report.usage
    rows = usage.rows.get("training", 0)
    head = [
        element("th", say("column.modality"), scope="col"),
        element("th", say("column.columns"), scope="col"),
        element("th", say("part.training"), scope="col", class_="number"),
    ]
    body = [
        element(
            "tr",
            element("th", name, scope="row"),
            element("td", _some(context, list(modality.columns))),
            _filled(usage.training_rows_with.get(name, 0), rows),
        )
        for name, modality in run.schema.modalities.items()
    ]
    return _scroll(context, say("rows.modalities"), head, body)


def _some(context: Context, names: list[str], most: int = 8) -> str:
    """Return the first names, and how many more there are."""
    listed = context.say("list.comma").join(names[:most])
    if len(names) > most:
        listed += " " + context.say("list.more", count=len(names) - most)
    return listed


def _columns(context: Context, run: Material) -> Html:
    say, usage = context.say, run.report.usage
    head = [
        element("th", say(f"column.{name}"), scope="col") for name in ("column", "role", "kind")
    ]
    head.append(element("th", say("column.skipped"), scope="col", class_="number"))
    body = [
        element(
            "tr",
            element("th", name, scope="row"),
            element("td", say(f"role.{role}")),
            element("td", kind_text(say, str(run.config[f"{role}s"][name].get("kind", "")))),
            element("td", f"{usage.skipped_cells.get(name, 0):,}", class_="number"),
        )
        for role, kinds in (("input", run.schema.inputs), ("target", run.schema.targets))
        for name in kinds
    ]
    return _scroll(context, say("rows.columns"), head, body)


def _scroll(context: Context, label: str, head: Content, body: Content) -> Html:
    del context
    table = element(
        "table", element("thead", element("tr", head)), element("tbody", body), class_="sortable"
    )
    return element("div", table, class_="scroll", tabindex="0", role="region", aria_label=label)


def notes(context: Context) -> Section | None:
    """Return the notes of the runs; None if there are none."""
    if not any(run.report.notes for run in context.runs):
        return None
    body = beside(
        context,
        lambda run: element(
            "ul",
            [element("li", context.sentence(note)) for note in run.report.notes],
            class_="notes",
        ),
    )
    about = element("p", context.say("notes.about"), class_="about")
    return Section("notes", context.say("notes.title"), [about, body])
