"""A text finds pictures, a picture finds rows: what is encoded, what is kept, what is refused."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import torso
from tests import small_tables as tables
from torso.core.errors import ConfigError, DataError, RunError

COLOURS = {"red": (200, 30, 30), "green": (30, 200, 30), "blue": (30, 30, 200)}
INPUTS = {
    "photo": {"kind": "image", "size": 16},
    "sound": {"kind": "audio", "rate": 4000, "mels": 8},
    "note": {"kind": "text"},
}
SETTINGS = {
    "dim": 16,
    "training.epochs": 12,
    "training.lr": 0.01,
    "training.batch_size": 30,
    "encoders.photo": {"type": "convnet", "width": 4, "stages": 1},
    "encoders.sound": {"type": "convnet", "width": 8, "stages": 1},
}
MATCH = {"kind": "retrieval", "column": "colour"}


def shade(colour, draw):
    return tuple(
        int(x) for x in np.clip(np.array(COLOURS[colour]) + draw.integers(-20, 20, 3), 0, 255)
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Return a folder with a run, its table, and the table's files under `files/`."""
    home, draw = tmp_path_factory.mktemp("search"), np.random.default_rng(0)
    (home / "files").mkdir()
    rows = []
    for row in range(90):
        colour = [*COLOURS][row % 3]
        (home / f"files/{row}.png").write_bytes(tables.png(shade(colour, draw)))
        pitch = {"red": 300, "green": 600, "blue": 1200}[colour] + 2 * row
        (home / f"files/{row}.wav").write_bytes(tables.wav(pitch))
        rows.append((f"files/{row}.png", f"files/{row}.wav", f"a {colour} thing", colour))
    columns = dict(
        zip(["photo", "sound", "note", "colour"], map(list, zip(*rows, strict=True)), strict=True)
    )
    tables.write(home / "table.csv", columns)
    settings = {**SETTINGS, "data.cache": str(home / "cache")}
    torso.fit(
        home / "table.csv", {"match": MATCH}, inputs=INPUTS, out=home / "run", settings=settings
    )
    return home


@pytest.fixture
def here(home, tmp_path):
    """Return a copy of the folder that a test may change."""
    return shutil.copytree(
        home, tmp_path / "here", ignore=shutil.ignore_patterns("search", "cache")
    )


@pytest.fixture
def run(here):
    return torso.load(here / "run", device="cpu")


def colours(found):
    """Return the colours of the files found."""
    return {[*COLOURS][int(path.rsplit("/", 1)[1].split(".")[0]) % 3] for path in found["path"]}


def encoded(run, among, **given):
    """Return how many things a collection encodes."""
    seen = [0]
    things = torso.Searcher(run).collection(
        among, progress=lambda done, total: seen.append(total), **given
    )
    return things, seen[-1]


def test_a_text_finds_pictures_and_recordings(run, here):
    for kind in ("photo", "sound"):
        found = torso.Searcher(run).search(
            text="a red thing", among=here / "files", find=kind, top=20
        )
        assert colours(found) == {"red"}
        assert found["rank"].tolist() == [*range(1, 21)]
        assert found["score"].is_monotonic_decreasing and found["score"].max() <= 1 + 1e-6
    nobody = torso.Searcher(run).search(
        text="a red thing", among=str(here / "files"), find="photo", top=1000
    )
    assert len(nobody) == 90


def test_a_picture_and_a_recording_find_rows(run, here):
    found = torso.Searcher(run).search(
        image=here / "files/4.png", among=here / "table.csv", find="note", top=3
    )
    assert found["colour"].tolist() == ["green"] * 3
    assert found.columns.tolist() == ["rank", "score", "row", "photo", "sound", "note", "colour"]
    assert found["row"].tolist() == [2, 5, 8], "rows that say the same, in their order"
    found = torso.Searcher(run).search(audio=here / "files/4.wav", among=here / "files", top=3)
    assert colours(found) == {"green"} and found["path"].str.endswith(".png").all()


def test_scores_are_inner_products_of_what_the_run_predicts(run, here):
    answers = run.predict(here / "table.csv")
    question = run.predict([{"note": "a blue thing", "photo": None, "sound": None}])["match_note"][
        0
    ]
    expected = np.stack(answers["match_photo"]) @ question
    found = torso.Searcher(run).search(
        text="a blue thing", among=here / "table.csv", find="photo", top=90
    )
    assert found["row"].tolist() == (np.argsort(-expected, kind="stable") + 1).tolist()
    np.testing.assert_allclose(found["score"], np.sort(expected)[::-1], atol=1e-5)


def test_what_is_known_is_not_encoded_again(run, here):
    folder = here / "files"
    first, count = encoded(run, folder, find="photo")
    assert count == len(first) == 90
    again, count = encoded(torso.load(here / "run", device="cpu"), folder, find="photo")
    assert count == 0 and len(again) == 90
    found = [one.search(text="a red thing", top=90).sort_values("path") for one in (first, again)]
    np.testing.assert_allclose(found[0]["score"], found[1]["score"], atol=1e-6)

    (folder / "deep").mkdir()
    (folder / "deep/90.png").write_bytes(tables.png((200, 30, 30)))
    (folder / "1.png").unlink()
    (folder / "2.png").write_bytes(tables.png((30, 200, 30), side=9))
    third, count = encoded(run, folder, find="photo")
    assert count == 2 and len(third) == 90
    paths = third.search(text="a red thing", top=90)["path"].tolist()
    assert str(folder / "deep/90.png") in paths[:31] and str(folder / "1.png") not in paths
    assert str(folder / "2.png") in third.search(text="a green thing", top=31)["path"].tolist()
    assert encoded(run, folder, find="photo")[1] == 0


def test_rows_of_a_table_are_known_by_their_content(run, here):
    table = here / "table.csv"
    assert encoded(run, table, find="note")[1] == 3, "texts that are the same are encoded once"
    tables.change(table, lambda cells: cells["note"].__setitem__(0, "a blue thing"))
    tables.change(table, lambda cells: cells["note"].__setitem__(1, "something green"))
    tables.change(table, lambda cells: cells["note"].__setitem__(2, ""))
    things, count = encoded(run, table, find="note")
    assert count == 1 and len(things) == 89
    found = things.search(image=here / "files/2.png", top=90)
    assert found["row"][0] == 1 and 3 not in found["row"].tolist()


def test_other_weights_make_other_vectors(run, here):
    encoded(run, here / "files", find="photo")
    run.model.heads["match"].log_scale.data += 1.0
    run.save(here / "run")
    assert encoded(torso.load(here / "run", device="cpu"), here / "files", find="photo")[1] == 90


def test_nothing_is_kept_for_a_table_in_memory_or_a_run_in_memory(run, here):
    frame = pd.read_csv(here / "table.csv")
    found = torso.Searcher(run).search(
        text="a red thing", among=frame.drop(columns=["photo", "sound"]), top=2
    )
    assert found["colour"].tolist() == ["red", "red"]
    assert encoded(replace(run, folder=None), here / "files", find="photo")[1] == 90
    assert not (here / "run/search").exists()


def test_a_run_trained_anew_forgets(run, here):
    encoded(run, here / "files", find="photo")
    settings = {**SETTINGS, "training.epochs": 1, "data.cache": str(here / "cache")}
    torso.fit(
        here / "table.csv",
        {"match": MATCH},
        inputs=INPUTS,
        out=here / "run",
        settings=settings,
        overwrite=True,
    )
    assert not (here / "run/search").exists()


def test_what_cannot_be_read_is_told_and_left_out(run, here):
    folder = here / "files"
    (folder / "broken.png").write_bytes(b"\x89PNG no more")
    for count in (91, 0):  # it is not tried again
        things, tried = encoded(run, folder, find="photo")
        assert tried == count and len(things) == 90
        (note,) = things.notes
        assert "1 of 91 cannot be read" in note and "'broken.png'" in note
    bad = here / "bad"
    bad.mkdir()
    (bad / "broken.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"nothing of 'photo' can be read.*broken\.png"):
        torso.Searcher(run).search(text="a red thing", among=bad)
    tables.change(here / "table.csv", lambda cells: cells["photo"].__setitem__(3, "../gone.png"))
    things, _ = encoded(run, here / "table.csv", find="photo")
    assert len(things) == 89 and "row 4, '../gone.png'" in things.notes[0]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"text": "a", "among": "files"}, r"`find` \(--for\).*\['photo', 'sound'\]"),
        ({"text": "a", "among": "files", "find": "phot"}, "Did you mean 'photo'"),
        (
            {"text": "a", "image": "files/1.png", "among": "files"},
            r"by one of .*\['text', 'image'\]",
        ),
        ({"among": "files"}, "Found none"),
        (
            {"text": "a", "among": "files", "find": "photo", "target": "mach"},
            "Did you mean 'match'",
        ),
        ({"text": "a", "among": "files", "find": "photo", "by": "sound"}, "of form text: 'sound'"),
        ({"text": "a", "among": "files", "find": "photo", "top": 0}, "`top` should be at least 1"),
        ({"text": "  ", "among": "files", "find": "photo"}, "cannot be read: nothing in it"),
        (
            {"image": "no.png", "among": "files", "find": "photo"},
            r"'no\.png' cannot be read: file not found",
        ),
        ({"image": "table.csv", "among": "files", "find": "photo"}, "cannot be read: not a PNG"),
        ({"text": "a", "among": "empty"}, "no file of 'photo'.*Found 0 files"),
        ({"text": "a", "among": "files", "find": "note"}, "A folder holds pictures or recordings"),
        ({"text": "a", "among": "nowhere"}, "unknown kind of table|file not found"),
    ],
)
def test_what_cannot_be_asked_is_refused(run, here, monkeypatch, given, message):
    monkeypatch.chdir(here)
    (here / "empty").mkdir()
    with pytest.raises((ConfigError, DataError), match=message):
        torso.Searcher(run, given.pop("target", None)).search(**given)


def test_a_run_must_have_a_retrieval_target(tmp_path):
    plain = torso.fit(tables.plain(), ["colour"], settings={**tables.TINY, "data.cache": None})
    with pytest.raises(
        ConfigError, match=r"needs a run with a retrieval target.*'colour': 'category'"
    ):
        torso.Searcher(plain)
    with pytest.raises(AttributeError, match=r"torso\.Searcher\(run\)\.search"):
        plain.search(text="a", among=tmp_path)


def test_two_targets_must_be_told_apart(here):
    targets = {name: {**MATCH, "between": ["photo", "note"]} for name in ("one", "two")}
    settings = {**SETTINGS, "training.epochs": 1, "data.cache": None}
    run = torso.fit(here / "table.csv", targets, inputs=INPUTS, settings=settings)
    with pytest.raises(ConfigError, match=r"`target` \(--target\).*\['one', 'two'\]"):
        torso.Searcher(run).search(text="a red thing", among=here / "files")
    assert (
        len(torso.Searcher(run, "two").search(text="a red thing", among=here / "files", top=3)) == 3
    )
    with pytest.raises(ConfigError, match="cannot be asked by audio"):
        torso.Searcher(run, "two").search(audio=here / "files/1.wav", among=here / "files")


def test_odd_names_are_found_and_printed_without_their_control_signs(
    run, here, capsys, monkeypatch
):
    monkeypatch.chdir(here)
    odd = here / "odd"
    odd.mkdir()
    names = ["3\u202fPM.png", "\x1b[31mred.png", ".hidden.png", "UPPER.PNG"]
    for name in names:
        (odd / name).write_bytes(tables.png())
    (odd / "no\udcfftext.png").write_bytes(tables.png())
    found = torso.Searcher(run).search(text="a red thing", among=odd)
    assert sorted(found["path"]) == sorted(str(odd / name) for name in names if name[0] != ".")
    assert tables.torso("search", "run", "--text", "a red thing", "--in", "odd") == 0
    assert "\x1b[31mred" not in capsys.readouterr().out


# --- what lies in the store -------------------------------------------------------------------------


def the_store(here):
    (found,) = (here / "run/search").iterdir()
    return found


def test_a_store_holds_no_names_and_no_pickle(run, here):
    encoded(run, here / "files", find="photo")
    store = the_store(here)
    assert {file.name for file in store.iterdir()} == {"about.json", "vectors.safetensors"}
    assert b".png" not in b"".join(file.read_bytes() for file in store.iterdir())


@pytest.mark.parametrize("name", ["about.json", "vectors.safetensors"])
def test_a_damaged_store_counts_as_empty(run, here, name):
    encoded(run, here / "files", find="photo")
    file = the_store(here) / name
    file.write_bytes(file.read_bytes()[:-9])
    assert encoded(run, here / "files", find="photo")[1] == 90
    assert encoded(run, here / "files", find="photo")[1] == 0


@pytest.mark.parametrize("change", [{"place": "../.."}, {"unreadable": ["../x"]}, {"weights": ""}])
def test_what_somebody_wrote_into_a_store_leads_nowhere(run, here, change):
    encoded(run, here / "files", find="photo")
    about = the_store(here) / "about.json"
    about.write_text(json.dumps({**json.loads(about.read_text()), **change}))
    assert encoded(run, here / "files", find="photo")[1] == 90


def test_a_store_is_not_written_through_a_link(run, here):
    (here / "elsewhere").mkdir()
    (here / "run/search").symlink_to(here / "elsewhere")
    with pytest.raises(RunError, match="a link out of the run"):
        torso.Searcher(run).search(text="a red thing", among=here / "files", find="photo")
    assert not [file for file in (here / "elsewhere").rglob("*") if file.is_file()]


def test_where_nothing_can_be_kept_the_answers_come_all_the_same(run, here):
    (here / "run/search").write_text("no folder")
    things, _ = encoded(run, here / "files", find="photo")
    assert "The vectors cannot be kept" in things.notes[0]
    assert len(things.search(text="a red thing", top=3)) == 3


def test_files_outside_the_folder_are_not_read(run, here):
    (here / "outside.png").write_bytes(tables.png())
    (here / "files/link.png").symlink_to(here / "outside.png")
    things, _ = encoded(run, here / "files", find="photo")
    assert len(things) == 90 and "leaves the root folder" in things.notes[0]


# --- the command --------------------------------------------------------------------------------------


def test_the_command_prints_and_writes(here, capsys, monkeypatch):
    monkeypatch.chdir(here)
    (here / "files/broken.png").write_bytes(b"no picture")
    asked = [
        "search",
        "run",
        "--text",
        "a red thing",
        "--in",
        "files",
        "--for",
        "photo",
        "--top",
        "4",
    ]
    assert tables.torso(*asked, "-o", "out.csv") == 0
    shown = capsys.readouterr()
    cells = tables.read(here / "out.csv")
    assert list(cells) == ["rank", "score", "path"] and len(cells["path"]) == 4
    assert all(path in shown.out for path in cells["path"])
    assert "1 of 91 cannot be read" in shown.err
    assert (
        tables.torso(
            "search",
            "run",
            "--image",
            "files/0.png",
            "--in",
            "table.csv",
            "--for",
            "note",
            "-o",
            "out.json",
        )
        == 0
    )
    assert json.loads((here / "out.json").read_text())[0]["colour"] == "red"
    assert "a red thing" in capsys.readouterr().out
    assert tables.torso("search", "run", "--in", "files") == 1
    assert "A search asks by one of" in capsys.readouterr().err
