"""The page in a browser: nothing fails, nothing leaves, every chart has data, everybody can read it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest

import torso
from tests.reports.browser import opened
from tests.reports.studied import studied
from torso.reports import html_report
from torso.training import Look


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    pytest.importorskip("optuna", reason="torso.tune needs optuna")
    folder = tmp_path_factory.mktemp("pages")
    run = torso.load(shutil.copytree(studied(tmp_path_factory), folder / "run"))
    tasks = list(run.report.tasks)
    look = Look(1, 1, dict.fromkeys(tasks, 1.0), {}, [[2, -1, 0], [-1, 2, 1], [0, 1, 2]])
    with (folder / "run" / "log.jsonl").open("a") as log:
        log.write(json.dumps({"event": "look", **vars(look)}) + "\n")
    other = replace(run, folder=None)
    for name, runs, language in (
        ("one", folder / "run", "en"),
        ("two", [folder / "run", other], "zh"),
    ):
        html_report(runs, lang=language).save(folder / f"{name}.html")
    return folder


@pytest.mark.parametrize("name", ["one", "two"])
@pytest.mark.parametrize(("dark", "width"), [(False, 1200), (True, 360)])
def test_nothing_fails_leaves_or_overflows(browser, pages, name, dark, width):
    page = opened(browser, pages / f"{name}.html", dark=dark, width=width)
    assert page.tab.title().endswith("Torso report" if name == "one" else "Torso 报告")
    page.tab.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.tab.evaluate("document.documentElement.scrollWidth") <= width
    small = page.tab.evaluate(
        """[...document.querySelectorAll('body *')].filter(e => [...e.childNodes].some(
        n => n.nodeType === 3 && n.data.trim()) && !['SCRIPT', 'STYLE'].includes(e.tagName)
        && parseFloat(getComputedStyle(e).fontSize) < 12).map(e => e.outerHTML.slice(0, 90))"""
    )
    assert small == []
    assert page.errors == [] and page.requests == []
    page.tab.close()


def test_every_chart_has_data(browser, pages):
    page = opened(browser, pages / "one.html")
    figures = page.tab.locator("figure").count()
    assert figures >= 22
    assert page.tab.evaluate(
        """[...document.querySelectorAll('figure script[type="application/json"]')]
        .map(e => JSON.parse(e.textContent).rows.length)"""
    ) == pytest.approx([1] * figures, abs=10_000)
    empty = """[...document.querySelectorAll('.lines')].filter(
        e => !e.querySelector('path.line[d^="M"], circle') || !e.querySelector('[data-tip]')).length"""
    assert page.tab.evaluate(empty) == 0
    assert page.tab.locator("svg.interval circle").count() >= 3
    assert page.tab.locator("#conflicts table.heat td").count() == 9
    heard = """Promise.all([...document.querySelectorAll('audio, img')].map(e => e.tagName === 'IMG'
        ? e.decode().then(() => e.naturalWidth) : new Promise(done => {
            if (e.duration > 0) done(e.duration); e.onloadedmetadata = () => done(e.duration); })))"""
    media = page.tab.evaluate(heard)
    assert len(media) >= 16 and min(media) > 0
    assert page.tab.locator(".spot").count() >= 5
    assert page.errors == []
    page.tab.close()


def test_hover_keys_sorting_tasks_theme_and_saving(browser, pages):
    page = opened(browser, pages / "one.html")
    tab = page.tab
    tip = tab.locator("#tip")
    tab.locator("svg.interval .hit").first.hover()
    assert "95 %" in tip.inner_text()
    tab.mouse.move(0, 0)  # the page scrolls to the next chart: it must not come under the pointer
    chart = tab.locator("#curves .lines").first
    chart.focus()
    tab.keyboard.press("ArrowRight")
    assert "epoch 1" in tip.inner_text()
    tab.keyboard.press("ArrowRight")
    assert "epoch 2" in tip.inner_text()
    tab.keyboard.press("Escape")
    assert tip.is_hidden()

    tab.locator("details.more summary").first.click()
    sort = tab.locator("table.sortable").first.locator("thead button", has_text="value")
    sort.click()
    cells = """[...document.querySelector('table.sortable').tBodies[0].rows].map(
        r => Number(r.querySelector('td.number').dataset.v ?? NaN)).filter(v => !Number.isNaN(v))"""
    rising = tab.evaluate(cells)
    assert rising == sorted(rising) and len(rising) > 3
    sort.click()
    assert tab.evaluate(cells) == rising[::-1]

    tab.select_option("#pick", "loud")
    assert tab.locator(".tile:visible").count() == 1
    tab.select_option("#pick", "")
    assert tab.locator(".tile:visible").count() == 3

    paper = "getComputedStyle(document.body).backgroundColor"
    light = tab.evaluate(paper)
    tab.locator("#theme").click()
    assert tab.evaluate(paper) != light and tab.locator("#theme").inner_text() == "Light"

    with tab.expect_download() as saved:
        tab.locator('button.save[data-of="data-losses"][data-kind="csv"]').click()
    text = saved.value.path().read_text(encoding="utf-8")
    assert saved.value.suggested_filename == "losses.csv"
    assert text.startswith("run,task,epoch,part,loss\n")
    assert page.errors == []
    tab.close()


@pytest.mark.parametrize(("name", "dark"), [("one", False), ("two", True)])
def test_axe_finds_nothing_serious(browser, pages, name, dark):
    page = opened(browser, pages / f"{name}.html", dark=dark)
    page.tab.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.serious() == []
    page.tab.close()
