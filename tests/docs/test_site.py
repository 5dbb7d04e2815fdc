"""The site of the pages builds without a warning, asks nothing of other machines, and its links lead somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml

from tests.docs.test_docs import PAGES
from tests.places import ROOT
from tests.reports.browser import serious

pytest.importorskip("sphinx", reason="the site needs the extra `docs`")
pytest.importorskip("pydata_sphinx_theme", reason="the site needs the extra `docs`")

LOADED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}
"""Tags whose address a browser asks for by itself, with its attribute."""
CHROMIUM = Path("/usr/bin/chromium")


class Addresses(HTMLParser):
    """The addresses and the anchors of a page."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attributes}
        self.anchors |= {given[key] for key in ("id", "name") if key in given}
        address = given.get(LOADED.get(tag, "href"))
        if address and tag in LOADED:
            self.loaded.append(address)
        elif address and tag == "a":
            self.links.append(address)


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """Return the folder of the built site, which `make docs` would write."""
    folder = tmp_path_factory.mktemp("site")
    recipe = re.search(r"-m (sphinx .+)", (ROOT / "Makefile").read_text())[1]
    words = recipe.replace("build/site", str(folder)).split()
    done = subprocess.run(
        [sys.executable, "-m", *words, "-d", str(folder / ".trees")],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return folder


@pytest.fixture(scope="module")
def pages(site) -> dict[Path, Addresses]:
    built = [page for page in sorted(site.rglob("*.html")) if "_static" not in page.parts]
    return {page: Addresses(page) for page in built}


def test_the_navigation_names_each_page_once():
    lists = yaml.safe_load((ROOT / "docs/site/navigation.yaml").read_text(encoding="utf-8"))
    listed = [entry.rpartition("<")[2].strip("/>") for each in lists.values() for entry in each]
    assert sorted(set(listed)) == sorted(listed)
    own = {str(page.relative_to(ROOT).with_suffix("")) for page in PAGES}
    assert set(listed) - own == {"benchmarks/rivals/README"}
    rooms = {page.removeprefix("docs/rooms/") for page in listed if "/rooms/" in page}
    absent = [room for room in rooms - {"index"} if not (ROOT / "src/torso" / room).is_dir()]
    assert absent == []


def test_nothing_is_loaded_from_elsewhere(site, pages):
    outside = [
        f"{page.relative_to(site)}: {address}"
        for page, found in pages.items()
        for address in found.loaded
        if urlsplit(address).scheme not in ("", "data") or address.startswith("//")
    ]
    for sheet in site.rglob("*.css"):
        text = sheet.read_text(encoding="utf-8", errors="replace")
        found = re.findall(r"(?:@import|url\()\s*[\"']?((?:https?:)?//[^\"')\s]+)", text)
        outside += [f"{sheet.relative_to(site)}: {address}" for address in found]
    assert len(pages) > 40
    assert outside == []


def test_links_of_the_built_pages_lead_somewhere(site, pages):
    broken = []
    for page, found in pages.items():
        for link in [*found.links, *found.loaded]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            other = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            anchor = unquote(parts.fragment)
            known = pages[other].anchors if other in pages and anchor else {anchor}
            if not other.exists() or anchor not in known:
                broken.append(f"{page.relative_to(site)}: {link}")
    assert broken == []


@pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is absent")
def test_search_finds_chinese_and_english_without_network(site):
    sync_api = pytest.importorskip("playwright.sync_api")
    asked: list[str] = []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--allow-file-access-from-files"]
        )
        page = browser.new_page()
        page.set_default_timeout(180_000)  # a machine that is busy is no failure
        page.on("request", lambda request: asked.append(request.url))
        for query, expected in (("损失平衡", "zh.html"), ("modality dropout", "fusion.html")):
            page.goto(f"{(site / 'search.html').as_uri()}?q={query}")
            page.wait_for_selector(f"#search-results a[href*='{expected}']")
        browser.close()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


@pytest.mark.parametrize(
    "scheme,width,names", [("light", 1200, ["index", "rooms/fusion"]), ("dark", 390, ["zh"])]
)
def test_axe_finds_nothing_serious_and_nothing_overflows(site, browser, scheme, width, names):
    tab = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    for name in names:
        tab.goto((site / f"docs/{name}.html").as_uri())
        assert (name, serious(tab)) == (name, [])
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth + 1"), name
