"""docs/tutorials, docs/zh/tutorial.md: what each step printed."""

from __future__ import annotations

from collections.abc import Callable

from shown.front import stamps


def output(name: str) -> Callable[[dict], str]:
    """Return what writes one step's output as a block."""
    return lambda report: f"```console\n{report['outputs'][name]}```"


STEPS = {
    "chinese": ("zh_inspect", "zh_fit", "zh_predict"),
    "messy_csv": ("messy_inspect", "messy_fit", "messy_mistakes", "messy_predict"),
    "talking_stamps": ("stamps_fit", "stamps_missing"),
}
FILES = {"chinese": "docs/zh/tutorial.md"}
PAGES = {
    FILES.get(page, f"docs/tutorials/{page}.md"): {name: output(name) for name in names}
    for page, names in STEPS.items()
}
PAGES["docs/tutorials/talking_stamps.md"]["talking_stamps"] = stamps
REPORTS = {name: f"tutorial_{page}" for page, names in STEPS.items() for name in names}
