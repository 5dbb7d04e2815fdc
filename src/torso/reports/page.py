"""The page around the sections: head, navigation, style and script, all in one file."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from importlib.resources import files

from torso._version import __version__
from torso.reports.context import Context
from torso.reports.html import Html, element
from torso.reports.sections import SECTIONS, Section
from torso.reports.sections.section import run_name

__all__ = ["page"]

_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; media-src data:; "
    "base-uri 'none'; form-action 'none'"
)
"""The browser itself refuses every request that a page might make."""


def page(context: Context, *, written: datetime) -> str:
    """Return the whole document.

    Args:
        context: runs and language; it gathers the data of the figures.
        written: shown in the footer.
    """
    say = context.say
    made = [section for write in SECTIONS if (section := write(context)) is not None]
    title = say("page.title", runs=say("list.comma").join(run.name for run in context.runs))
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="generator", content=f"Torso {__version__}"),
        element("title", title),
        element("style", Html(_look("style.css"))),
    )
    footer = element(
        "footer",
        say("page.footer", version=__version__, date=written.strftime("%Y-%m-%d %H:%M")),
    )
    body = element(
        "body",
        element("a", say("page.skip"), href="#main", class_="skip"),
        _header(context),
        element(
            "div",
            _navigation(context, made),
            element("main", [_section(section) for section in made], footer, id="main"),
            class_="page",
        ),
        element("div", id="tip", role="status", aria_live="polite", hidden=True),
        element("script", Html(_look("script.js"))),
    )
    document = element(
        "html", head, body, lang=say("page.lang"), data_words=say("page.script_words")
    )
    return f"<!doctype html>\n{document}\n"


@cache
def _look(name: str) -> str:
    return files("torso.reports.look").joinpath(name).read_text(encoding="utf-8")


def _header(context: Context) -> Html:
    say = context.say
    tasks = context.tasks()
    picker = None
    if len(tasks) > 1:
        options = [element("option", say("page.all_tasks"), value="")]
        options += [element("option", task, value=task) for task in tasks]
        picker = element(
            "label",
            element("span", say("page.task")),
            element("select", options, id="pick"),
            class_="pick",
        )
    theme = element(
        "button", say("page.theme"), type="button", id="theme", aria_pressed="false", hidden=True
    )
    return element(
        "header",
        element(
            "div",
            element("p", "Torso", class_="brand"),
            element(
                "h1",
                [run_name(run) for run in context.runs]
                if context.several
                else context.runs[0].name,
            ),
            class_="names",
        ),
        element("div", picker, theme, class_="controls"),
    )


def _navigation(context: Context, made: list[Section]) -> Html:
    links = [
        element("li", element("a", section.title, href=f"#{section.ident}")) for section in made
    ]
    label = context.say("page.contents")
    return element("nav", element("ul", links), aria_label=label)


def _section(section: Section) -> Html:
    heading = f"{section.ident}-heading"
    return element(
        "section",
        element("h2", section.title, id=heading),
        section.body,
        id=section.ident,
        aria_labelledby=heading,
    )
