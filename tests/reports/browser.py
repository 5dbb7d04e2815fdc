"""A headless Chromium that opens pages from disk and keeps what goes wrong there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

__all__ = ["Opened", "chromium", "opened", "serious"]

NAMES = ("chromium", "chromium-browser", "google-chrome")
ROWS_ALIKE = """
for (const body of document.querySelectorAll('tbody')) {
    const seen = {};
    for (const row of [...body.rows]) {
        const like = row.outerHTML.replace(/>[^<]+</g, '>text<').replace(/ data-[a-z]+="[^"]*"/g, '');
        if ((seen[like] = (seen[like] || 0) + 1) > 2) row.remove();
    }
}
"""
_MICROPHONE = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")


@contextmanager
def chromium() -> Iterator:
    """Yield a browser; skip the test where there is none."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = next((path for name in NAMES if (path := shutil.which(name))), None)
    if path is None:
        pytest.skip(f"no browser on PATH: {NAMES}")
    with api.sync_playwright() as player:
        browser = player.chromium.launch(executable_path=path, args=["--no-sandbox", *_MICROPHONE])
        yield browser
        browser.close()


def axe_script() -> Path:
    """Return axe.min.js; skip the test where there is none."""
    named = os.environ.get("TORSO_AXE")
    package = find_spec("axe_playwright_python")
    script = Path(named) if named else Path(package.origin).parent if package else Path()
    script = script / "axe.min.js" if script.is_dir() else script
    if not script.is_file():
        pytest.skip("no axe.min.js: pip install axe-playwright-python, or name it in $TORSO_AXE")
    return script


class Opened:
    """A page, with its errors and the requests that left the file."""

    def __init__(self, tab, file: Path) -> None:
        self.tab = tab
        self.errors: list[str] = []
        self.requests: list[str] = []
        tab.on("console", lambda said: self.errors.append(f"{said.type}: {said.text}"))
        tab.on("pageerror", lambda error: self.errors.append(str(error)))
        tab.route("**/*", self._answer)
        tab.set_default_timeout(120_000)  # a machine may be busy
        tab.goto(file.as_uri())

    def _answer(self, route) -> None:
        url = route.request.url
        if url.startswith("file:") and not self.requests and url.endswith(".html"):
            route.continue_()
        else:
            self.requests.append(url)
            route.abort()

    def serious(self) -> list[str]:
        """Return what axe finds serious or critical; of rows that differ in their text alone, two are left to it."""
        self.tab.evaluate(ROWS_ALIKE)
        return serious(self.tab)


def serious(tab, part: str = "document") -> list[str]:
    """Return what axe finds serious or critical in a tab.

    It is MPL-2.0, so it is not kept here: the package axe-playwright-python brings it, or $TORSO_AXE names axe.min.js.
    """
    tab.evaluate(axe_script().read_text(encoding="utf-8"))
    result = tab.evaluate(f"axe.run({part}, {{resultTypes: ['violations']}})")
    return [
        f"{rule['id']}: {node['html'][:160]} {node['failureSummary']}"
        for rule in result["violations"]
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"][:3]
    ]


def opened(browser, file: Path, *, dark: bool = False, width: int = 1200) -> Opened:
    """Return a page that is opened in a fresh tab."""
    tab = browser.new_page(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",  # a smooth scroll would move marks away from the pointer
    )
    return Opened(tab, file)
