"""The page to try a run, in headless Chromium, with all that it asks for and all that goes wrong there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from tests.reports.browser import serious

__all__ = ["Tried", "tried"]


class Tried:
    """The page in a tab."""

    def __init__(self, tab, address: str) -> None:
        self.tab, self.address = tab, address
        self.errors: list[str] = []
        self.outside: list[str] = []
        self.sent: list[dict] = []
        tab.on("console", lambda said: self.errors.append(f"{said.type}: {said.text}"))
        tab.on("pageerror", lambda error: self.errors.append(str(error)))
        tab.route("**/*", self._watch)
        tab.set_default_timeout(60_000)  # a machine may be busy

    def _watch(self, route) -> None:
        url = route.request.url
        if urlsplit(url)[:2] != urlsplit(self.address)[:2] and not url.startswith(
            ("blob:", "data:")
        ):
            self.outside.append(url)
            route.abort()
            return
        if route.request.method == "POST" and (
            route.request.headers["content-type"] == "application/json"
        ):
            self.sent.append(json.loads(route.request.post_data))
        route.continue_()

    def task(self, name: str):
        """Return the card of a task."""
        return self.tab.locator(f'[data-task="{name}"]')

    def modality(self, name: str):
        """Return the card of a modality in the form."""
        return self.tab.locator(f'[data-modality="{name}"]')

    def asked(self, act) -> dict:
        """Do something, wait for the answers to the row, and return what was sent."""
        with self.tab.expect_response("**/predict?*") as told:
            act()
        assert told.value.ok, told.value.text()
        self.tab.wait_for_selector('#answers:not([aria-busy="true"])')
        return self.sent[-1]["row"]

    def serious(self) -> list[str]:
        """Return what axe finds serious or critical; the page's policy lets no script in, so it is run from outside."""
        session = self.tab.context.new_cdp_session(self.tab)
        session.send("Page.setBypassCSP", {"enabled": True})
        return serious(self.tab, "{exclude: [['svg']]}")


@contextmanager
def tried(
    browser, address: str, *, dark: bool = False, width: int = 1280, language: str = "en"
) -> Iterator[Tried]:
    """Open the page, with its run."""
    tab = browser.new_page(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    page = Tried(tab, address)
    tab.goto(f"{address}/?lang={language}")
    tab.wait_for_selector(".task")
    yield page
    tab.close()
