"""Drawings of answers and fields of cells, each in the browser by itself; files dropped and pasted; several runs."""

from __future__ import annotations

import base64
import io
import os

import numpy as np
import pytest

import torso
from tests.pictures import png as pixels
from tests.serving.live import live
from tests.serving.tried import tried
from tests.small_tables import png

DRAW = """async ([task, answer, held]) => {
    const {drawingOf} = await import("/page/drawings.js");
    const {Words} = await import("/page/words.js");
    const {value, beside, picture} = drawingOf(task, answer, held, new Words("en"));
    document.getElementById("drawn")?.remove();
    const node = document.createElement("div");
    node.id = "drawn";
    node.append(...[picture].flat(Infinity).filter(Boolean));
    document.body.append(node);
    return [value, beside];
}"""
FIELD = """async ([input, cell]) => {
    const {fieldOf} = await import("/page/fields.js");
    const {Words} = await import("/page/words.js");
    const field = fieldOf(input, new Words("en"), () => {});
    field.set(cell);
    return field.get();
}"""
BOX = {"x0": 2.0, "y0": 4.0, "x1": 10.0, "y1": 12.0, "class": "cat", "score": 0.8}


@pytest.fixture(scope="module")
def page(browser, client):
    with tried(browser, client.address) as opened:
        yield opened


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def array(values) -> str:
    stream = io.BytesIO()
    np.save(stream, np.asarray(values, np.float32))
    return encoded(stream.getvalue())


SIDE = [[0, 7], [7, 0]]
CASES = {
    "boxes": (
        {"classes": ["dog", "cat"], "picture": [16, 16]},
        {"answer": [BOX, {**BOX, "class": "dog"}, BOX]},
        "2 × cat, dog",
        [("svg rect.box", 3), (".legend li", 2), ("tbody tr", 3)],
    ),
    "tracks": (
        {"classes": ["cat"], "picture": [16, 16]},
        {"answer": [{**BOX, "track": 1, "frame": at, "x1": 10.0 + at} for at in range(3)]},
        "cat",
        [("svg rect.box", 2), ("svg path.way", 1), ("tbody tr", 1)],
    ),
    "mask": (
        {"classes": ["ground", "roof"], "values": [0, 7]},
        {"answer": encoded(pixels(np.array(SIDE, np.uint8)))},
        "mask",
        [("canvas", 1), (".legend li", 2)],
    ),
    "map": ({}, {"answer": array([[0.5, 1.0], [2.0, 3.5]])}, "map", [("canvas", 1)]),
    "tags": (
        {"of": "note"},
        {"answer": [{"start": 2, "end": 6, "tag": "person", "score": 0.9}]},
        "Anna (person)",
        [("mark", 1)],
    ),
    "angle": ({"period": 360.0}, {"answer": 90.0, "spread": 10.0}, "90°", [("line.needle", 1)]),
    "survival": (
        {},
        {"answer": 6.0, "low": 1.0, "high": 9.0, "survival_4": 0.7, "survival_8": 0.2},
        "6",
        [(".bars li", 2), ("svg.curve path", 1)],
    ),
    "caption": ({}, {"answer": "a cat", "log_probability": -1.5}, "a cat", []),
    "vector": (
        {},
        {"answer": [1.0, -2.0], "low": [0.0, -3.0], "high": [2.0, -1.0]},
        "1  −2",
        [("tbody tr", 2), ("tbody td", 6)],
    ),
    "retrieval": ({}, {"note": [1.0, 0.0], "photo": [0.6, 0.8]}, "0.600", []),
}


@pytest.mark.parametrize("kind", CASES)
def test_a_drawing_shows_the_answer(page, kind):
    task, answer, value, parts = CASES[kind]
    held = {"note": "😀 Anna sleeps"}
    shown, _ = page.tab.evaluate(DRAW, [task, {"kind": kind, **answer}, held])
    assert shown == value
    for selector, count in parts:
        page.tab.locator(f"#drawn {selector}").nth(count - 1).wait_for(state="attached")
        assert page.tab.locator(f"#drawn {selector}").count() == count
    assert page.errors == []


def test_a_mask_has_a_colour_for_each_class(page):
    task, answer, _, _ = CASES["mask"]
    page.tab.evaluate(DRAW, [task, {"kind": "mask", **answer}, {}])
    page.tab.locator("#drawn .legend li").first.wait_for()
    drawn = """(() => { const c = document.querySelector("#drawn canvas");
        return [c.width, c.height, ...c.getContext("2d").getImageData(0, 0, 2, 2).data] })()"""
    wide, high, *values = page.tab.evaluate(drawn)
    colours = np.array(values).reshape(2, 2, 4)
    assert (wide, high) == (2, 2)
    assert (colours[0, 0] == colours[1, 1]).all() and (colours[0, 1] == colours[1, 0]).all()
    assert (colours[0, 0, :3] != colours[0, 1, :3]).any()
    shares = page.tab.locator("#drawn .legend li").all_inner_texts()
    assert [text.replace("\u00a0", " ") for text in shares] == ["ground 50 %", "roof 50 %"]


def test_answers_of_nothing_are_told(page):
    for kind, answer in (("boxes", []), ("tracks", []), ("tags", [])):
        told = page.tab.evaluate(DRAW, [{"of": "note"}, {"kind": kind, "answer": answer}, {}])
        assert told == ["none", None]
    needs = page.tab.evaluate(DRAW, [{}, {"kind": "retrieval", "note": [1.0], "photo": None}, {}])
    assert needs == ["–", "needs two of its modalities"]
    steps = page.tab.evaluate(DRAW, [{}, {"kind": "tags", "answer": ["walk", "walk", "rest"]}, {}])
    assert steps == ["3 steps", "walk × 2, rest × 1"]


@pytest.mark.parametrize(
    "send,about,cell",
    [
        ("date", {}, "2024-05-06"),
        ("list", {}, ["wifi", "lift"]),
        ("numbers", {"length": 3}, [1.5, -2, 0]),
        ("steps", {"width": 2}, [[1, 2], [3, 4.5]]),
        ("choice", {"values": ["a", "b", "c", "d", "e"]}, "d"),
        ("choice", {"values": ["a"], "more": 40}, "zebra"),
    ],
)
def test_a_field_gives_back_the_cell_that_it_holds(page, send, about, cell):
    about = {"name": "x", "kind": send, "send": send, "modality": "x", **about}
    assert page.tab.evaluate(FIELD, [about, cell]) == cell
    assert page.tab.evaluate(FIELD, [about, None]) is None


TAKE = """([name, content]) => {
    const bytes = Uint8Array.from(atob(content), (sign) => sign.charCodeAt(0));
    const data = new DataTransfer();
    data.items.add(new File([bytes], name, {type: "image/png"}));
    return data;
}"""


def test_files_are_dropped_and_pasted(browser, client):
    blue, red = (encoded(png(colour)) for colour in ((20, 20, 220), (220, 20, 20)))
    with tried(browser, client.address) as page:
        field = page.tab.locator('[data-column="photo"]')
        dropped = page.tab.evaluate_handle(TAKE, ["blue.png", blue])
        row = page.asked(lambda: field.dispatch_event("drop", {"dataTransfer": dropped}))
        assert row["photo"]["base64"] == blue
        paste = f"""() => document.dispatchEvent(new ClipboardEvent("paste",
            {{clipboardData: ({TAKE})(["red.png", "{red}"]), bubbles: true}}))"""
        assert page.asked(lambda: page.tab.evaluate(paste))["photo"]["base64"] == red
        wrong = page.tab.evaluate_handle(TAKE, ["song.png", blue])
        page.tab.locator('[data-column="sound"]').dispatch_event("drop", {"dataTransfer": wrong})
        assert "song.png" in page.tab.locator('[data-column="sound"] .wrong').inner_text()
        assert page.errors == []


def test_a_video_is_chosen_and_answered(browser, tmp_path):
    videos = pytest.importorskip("tests.videos", reason="needs torso[video]")
    settings = {**videos.SETTINGS, "training.epochs": 1, "blend": "off"}
    run = torso.fit(
        videos.crossings(rows=24), "way", settings=settings, out=tmp_path / "run", progress=False
    )
    film, old = tmp_path / "film.webm", tmp_path / "old.mp4"
    film.write_bytes(videos.mp4(videos.square(True, 6), "webm", "libvpx"))
    old.write_bytes(videos.mp4(videos.square(False, 6)))  # a codec that no browser shows
    with live(tmp_path / "run") as client, tried(browser, client.address) as page:
        field = page.tab.locator('[data-column="clip"]')
        chooser = field.locator("input[type=file]")
        row = page.asked(lambda: chooser.set_input_files(film))
        assert row["clip"]["base64"] == encoded(film.read_bytes())
        assert field.locator("video").count() == 1
        [answer] = run.predict({"clip": [film.read_bytes()]})["way"]
        assert answer in page.task("way").inner_text() and page.errors == []
        assert page.asked(lambda: chooser.set_input_files(old))["clip"] != row["clip"]
        field.get_by_text("The browser cannot show this f").wait_for()
        assert field.locator("video").count() == 0 and page.outside == []


def test_one_of_several_runs_is_chosen(browser, run, tmp_path):
    for name in ("first", "second"):
        os.symlink(run, tmp_path / name)
    with live(tmp_path) as client, tried(browser, client.address) as page:
        choice = page.tab.locator("#runs select")
        assert choice.locator("option").all_inner_texts() == ["first", "second"]
        choice.select_option(label="second")
        page.tab.locator("#run").get_by_text("second").wait_for()
        with page.tab.expect_request("**/runs/second/predict?*"):
            page.asked(page.tab.locator(".example").first.click)
        assert page.errors == [] and page.outside == []


def test_refusals_come_in_the_language_of_the_page(browser, client):
    with tried(browser, client.address, language="zh") as page:
        number = page.modality("numbers").locator("input[type=text]")
        number.fill("about five")
        wrong = page.modality("numbers").locator(".wrong")
        wrong.wait_for()
        assert any("\u4e00" <= sign <= "\u9fff" for sign in wrong.inner_text())
