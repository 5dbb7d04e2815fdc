"""The order of the pages: navigation.yaml says which page lies under which.

Sphinx wants this order as directives inside of pages. They would show as code on a code host, so they are put in when a
page is read.
"""

from __future__ import annotations

from pathlib import Path

import yaml
from sphinx.application import Sphinx

__all__ = ["NAVIGATION", "path_of", "setup"]

NAVIGATION: dict[str, list[str]] = yaml.safe_load(
    (Path(__file__).parent / "navigation.yaml").read_text(encoding="utf-8")
)
"""Page -> the pages below it, each as a path or as `title </path>`."""
HOME_OF_THE_REST = "docs/howto/index"
"""Where a page stands that the file does not name."""


def path_of(child: str) -> str:
    """Return the path of an entry of navigation.yaml."""
    return child.rpartition("<")[2].strip("/>")


def add_children(app: Sphinx, page: str, source: list[str]) -> None:
    """Append the hidden table of contents of a page's children to its text."""
    children = list(NAVIGATION.get(page, ()))
    if page == HOME_OF_THE_REST:
        listed = {path_of(child) for each in NAVIGATION.values() for child in each}
        children += sorted(app.env.found_docs - listed - {app.config.root_doc})
    if children:
        lines = "\n".join(child if "<" in child else f"/{child}" for child in children)
        source[0] += f"\n\n```{{toctree}}\n:hidden:\n\n{lines}\n```\n"


def setup(app: Sphinx) -> dict[str, bool]:
    """Ask to see each page before it is parsed."""
    app.connect("source-read", add_children)
    return {"parallel_read_safe": True}
