"""The page to try a run, clicked through: what it shows is what the server says, and it asks nobody else."""

from __future__ import annotations

import json
import re
from importlib.resources import files

from tests.serving.live import live
from tests.serving.tried import tried
from tests.small_tables import TARGETS, png
from torso.reports.words import LANGUAGES
from torso.tasks import Scores, metrics_of

PAGE = files("torso.serving") / "page"


def words(language: str) -> dict[str, str]:
    text = (PAGE / f"words_{language}.js").read_text(encoding="utf-8")
    return json.loads(re.sub(r",\s*}", "}", text[text.index("{") : text.rindex("}") + 1]))


def test_words_and_colours_are_those_of_the_report():
    assert words("en").keys() == words("zh").keys()
    scripts = "".join(
        f.read_text(encoding="utf-8") for f in PAGE.iterdir() if f.name.endswith((".js", ".html"))
    )
    for language, table in LANGUAGES.items():
        own = words(language)
        shared = {
            k for k in own if k.partition(".")[0] in ("kind", "metric", "verdict") and k in table
        }
        assert {key: own[key] for key in shared} == {key: table[key] for key in shared}
        assert {key for key in table if key.startswith("kind.")} <= shared
        kinds = [key.removeprefix("kind.") for key in table if key.startswith("kind.")]
        headlines = {Scores.registry.find(kind).headline for kind in kinds if metrics_of(kind)}
        assert {f"metric.{name}" for name in headlines} <= own.keys()
    asked = set(re.findall(r'say(?:\(|=)"([\w.]+)"', scripts))
    assert len(asked) > 50 and asked <= words("en").keys()
    block = re.compile(r":root \{\n  color-scheme.*?\n\}.*?\.c8 [^\n]*", re.DOTALL)
    look = (files("torso.reports") / "look/style.css").read_text(encoding="utf-8")
    style = (PAGE / "style.css").read_text(encoding="utf-8")
    assert block.search(look)[0] == block.search(style)[0]


def test_a_row_from_an_example_to_what_decided(browser, client, tmp_path):
    examples = client.ask("GET", "/examples").json["examples"]
    with tried(browser, client.address) as page:
        tab = page.tab
        assert tab.locator(".task.idle").count() == len(TARGETS)
        row = page.asked(tab.locator(".example").last.click)
        cells = {
            name: cell["base64"] if isinstance(cell, dict) else str(cell)
            for name, cell in row.items()
        }
        offered = examples[-1]["row"]
        assert cells == {
            name: cell["base64"] if isinstance(cell, dict) else str(cell)
            for name, cell in offered.items()
        }
        told = client.ask("POST", "/predict", {"row": row}).json["answers"][0]
        for task, answer in told["tasks"].items():
            shown = page.task(task).locator(".value").inner_text()
            wanted = answer["answer"]
            assert shown == (f"{wanted:.4g}" if isinstance(wanted, float) else wanted)
        bars = page.task("colour").locator(".bars li").all_inner_texts()
        assert len(bars) == 3 and bars[0].startswith(told["tasks"]["colour"]["answer"])
        assert "90\u00a0% interval [" in page.task("price").inner_text()
        certificate = told["certificate"]["tasks"]["colour"]
        assert f"{certificate['value']:.3f}" in page.task("colour").locator(".worth").inner_text()

        tab.click("#why")
        tab.wait_for_selector(".shares li")
        explained = client.ask("POST", "/explain", {"row": row}).json["tasks"]["colour"]
        names = page.task("colour").locator(".why > .shares > li:not(.part, .pieces) .name")
        assert names.all_inner_texts() == [each["name"] for each in explained["modalities"]]
        assert page.task("colour").locator(".overlay.image rect").count() > 4
        assert page.task("colour").locator(".overlay.text mark").count() == len(row["note"].split())
        page.task("colour").locator(".overlay.audio rect").first.wait_for()

        row = page.asked(page.modality("photo").locator("[role=switch]").click)
        assert "photo" not in row and "Left out: photo." in tab.locator("#gaps").inner_text()
        never = "were never judged" in page.task("colour").locator(".worth").inner_text()
        pattern = client.ask("POST", "/predict", {"row": row}).json["answers"][0]["certificate"]
        assert never == (not pattern["judged"])
        assert "photo" in page.asked(page.modality("photo").locator("[role=switch]").click)
        assert page.serious() == []
        assert page.errors == [] and page.outside == []


def test_cells_by_hand_and_what_is_wrong_with_them(browser, client, tmp_path):
    (tmp_path / "blue.png").write_bytes(png((20, 20, 220)))
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    (tmp_path / "song.txt").write_text("la la")
    with tried(browser, client.address) as page:
        tab = page.tab
        photo, sound = (page.modality(name) for name in ("photo", "sound"))
        row = page.asked(
            lambda: photo.locator("input[type=file]").set_input_files(tmp_path / "blue.png")
        )
        assert [*row] == ["photo"] and photo.locator("img").count() == 1
        row = page.asked(lambda: page.modality("note").locator("textarea").fill("a blue thing"))
        assert row["note"] == "a blue thing"
        numbers = page.modality("numbers")
        assert page.asked(lambda: numbers.locator("input[type=text]").fill("5.5"))["size"] == 5.5
        numbers.locator("input[type=range]").focus()
        assert page.asked(lambda: tab.keyboard.press("ArrowRight"))["size"] > 5.5
        shop = page.modality("categories")
        assert page.asked(lambda: shop.locator("input[value=Bob]").click())["shop"] == "Bob"
        assert "shop" not in page.asked(
            lambda: shop.locator("input[value=Bob]").click()
        )  # once more takes it back

        record = sound.locator("button.record")
        record.click()
        sound.get_by_text("1 s").wait_for()
        row = page.asked(record.click)
        wav = client.ask("POST", "/predict", {"row": {"sound": row["sound"]}}).json["answers"][0]
        assert wav["missing"] == ["categories", "note", "numbers", "photo"]
        assert "sound" not in page.asked(sound.get_by_role("button", name="Take sound out").click)

        sound.locator("input[type=file]").set_input_files(tmp_path / "song.txt")
        assert "song.txt" in sound.locator(".wrong").inner_text()
        assert page.errors == []
        photo.locator("input[type=file]").set_input_files(tmp_path / "broken.png")
        photo.locator(".wrong").wait_for()
        assert tab.locator("#problem").inner_text() == ""
        page.asked(photo.get_by_role("button", name="Take photo out").click)
        numbers.locator("input[type=text]").fill("about five")
        numbers.locator(".wrong").wait_for()
        tab.get_by_role("button", name="Clear all").click()
        assert tab.locator(".task.idle").count() == 3 and tab.locator(".wrong:visible").count() == 0
        assert {error.partition(" (")[0] for error in page.errors} <= {
            "error: Failed to load resource: the server responded with a status of 422"
        }


def test_a_table_comes_back_answered(browser, client, tmp_path):
    rows = 'note,size,shop,id\na red thing,4.5,Ann,7\n"a blue, small thing",,Bob,8\n'
    (tmp_path / "rows.csv").write_text(rows)
    with tried(browser, client.address) as page:
        tab = page.tab
        chooser = tab.locator("#table input[type=file]")
        chooser.set_input_files(tmp_path / "rows.csv")
        with tab.expect_download() as saved:
            tab.get_by_role("button", name="Save rows-answers.csv").click()
        text = saved.value.path().read_text()
        query = "keep=note&keep=size&keep=shop&keep=id"
        direct = client.ask(
            "POST", f"/predict/table?{query}", rows.encode(), Content_Type="text/csv"
        )
        assert text == direct.content.decode() and text.startswith("note,size,shop,id,colour")
        assert tab.locator("#table tbody tr").count() == 2
        assert "2 rows answered" in tab.locator("#table .result").inner_text()
        with tab.expect_download() as saved:
            tab.get_by_role("button", name="Get a table to fill in").click()
        assert saved.value.path().read_text().startswith("photo,sound,note,size,shop\n")
        chooser.set_input_files(
            {"name": "notes.pdf", "mimeType": "application/pdf", "buffer": b"x"}
        )
        assert "notes.pdf is no table" in tab.locator("#problem").inner_text()
        assert page.errors == [] and page.outside == []


def test_phone_dark_and_chinese(browser, client):
    with tried(browser, client.address, dark=True, width=390, language="zh") as page:
        tab = page.tab
        page.asked(tab.locator(".example").first.click)
        tab.click("#why")
        tab.wait_for_selector(".shares li")
        tab.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390
        small = """[...document.querySelectorAll('body *')].filter(e => [...e.childNodes].some(
            n => n.nodeType === 3 && n.data.trim()) && e.checkVisibility()
            && parseFloat(getComputedStyle(e).fontSize) < 12).map(e => e.outerHTML.slice(0, 90))"""
        assert tab.evaluate(small) == []
        assert page.serious() == []
        chinese = re.compile("[一-鿿]")
        texts = tab.locator(
            "h2, button, summary, .hint, .worth .line, .gaps, footer"
        ).all_inner_texts()
        assert (
            len(texts) > 20
            and [text for text in texts if text and not chinese.search(text)] == ["×"] * 2
        )
        paper = "getComputedStyle(document.body).backgroundColor"
        before = tab.evaluate(paper)
        tab.click("#theme")
        assert tab.evaluate(paper) != before
        page.asked(lambda: tab.select_option("#language", "en"))
        visible = tab.locator("main").inner_text()
        assert "Answers" in visible and not chinese.search(visible)
        assert page.errors == [] and page.outside == []


def test_a_token_is_asked_for_and_a_server_that_is_gone_is_told(browser, run, tmp_path):
    token = tmp_path / "token"
    token.write_text("open-sesame-and-more\n")
    with live(run, token=token.read_text().strip()) as client:
        tab = browser.new_page()
        tab.goto(client.address)
        dialog = tab.locator("#token")
        for said, closes in (("wrong", False), ("open-sesame-and-more", True)):
            dialog.locator("input").fill(said)
            dialog.locator("button").click()
            if not closes:
                dialog.get_by_text("not accepted").wait_for()
        tab.wait_for_selector(".task")
        tab.locator(".example").first.click()
        tab.wait_for_selector(".task:not(.idle)")
    tab.locator(".example").first.click()
    tab.get_by_text("The server does not answer").wait_for()
    tab.close()
