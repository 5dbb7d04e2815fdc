"""A table that is answered a piece at a time has the answers and notes of one that is read at once, killed or not."""

import os
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
import torch

import torso
from tests import small_tables as tables
from tests.small_tables import MEDIA, TARGETS, TINY
from torso.core.errors import DataError, RunError
from torso.runs.folder.lock import locked
from torso.runs.predicting import answering, predictor, streaming
from torso.runs.predicting.side_by_side import in_order, workers_for
from torso.tables.formats.files import read_file
from torso.tables.formats.text_settings import TextSettings
from torso.tables.table import read_table, write_table

PIECE, PART = 2, 8


class Killed(BaseException):
    """Ends the process, as far as the disk can see."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("streaming")

    def edit(columns):
        columns["day"] = [str(date(2024, 1, 1) + timedelta(3 * row)) for row in range(40)]
        columns["weight"] = [f"{row},5 kg" for row in range(40)]

    table = tables.change(tables.make(folder), edit)
    torso.fit(
        table,
        TARGETS,
        out=folder / "run",
        settings={**TINY, **MEDIA, "data.cache": str(folder / "cache")},
    )

    def spoil(columns):
        columns["photo"][3] = "files/gone.png"
        columns["photo"][30] = columns["sound"][17] = ""
        columns["day"][21], columns["day"][22] = "soon", "later"
        columns["shop"][9] = columns["shop"][35] = "a shop of its own"
        columns["note"][25] = 'two\nlines, "quoted"'

    tables.change(table, spoil)
    whole = read_table(table).data
    for ending in ("parquet", "jsonl", "arrow"):
        write_table(whole, folder / f"table.{ending}")
    return folder


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    for module in (answering, predictor):
        monkeypatch.setattr(module, "PIECE", PIECE)
    monkeypatch.setattr(streaming, "_PART", PART)
    monkeypatch.setattr(streaming, "_PART_OF_FILES", PART)


def predict(folder, table, out, *more):
    assert tables.torso("predict", folder / "run", folder / table, "-o", out, *more) == 0


def lines(capsys):
    """Return what was told, but for the counts of rows written."""
    out = capsys.readouterr()
    return [line for line in (out.out + out.err).splitlines() if "rows written to" not in line]


@pytest.mark.parametrize(
    ("table", "out"),
    [("table.csv", "a.csv"), ("table.parquet", "a.parquet"), ("table.jsonl", "a.jsonl"), ("table.arrow", "a.json"),
     ("table.csv", "a.arrow"), ("table.jsonl", "a.csv.gz")],
)  # fmt: skip
def test_answers_and_notes_are_those_of_the_whole(
    folder, tmp_path, capsys, monkeypatch, table, out
):
    monkeypatch.setenv("COLUMNS", "1000")
    more = ["--keep", "day", "--keep", "size"]
    predict(folder, table, tmp_path / f"whole-{out}", *more, "--no-stream")
    whole = lines(capsys)
    predict(folder, table, tmp_path / f"parts-{out}", *more, "--stream")
    told, *notes = lines(capsys)
    assert "are answered a piece at a time" in told and notes == whole and len(whole) > 3
    names = [tmp_path / f"{how}-{out}" for how in ("whole", "parts")]
    first, second = (read_file(name, TextSettings())[0].data for name in names)
    assert first == second if isinstance(first, list) else first.equals(second)
    if out.endswith((".csv", ".jsonl", ".json")):
        assert names[0].read_bytes() == names[1].read_bytes()
    assert not (tmp_path / f"parts-{out}.parts").exists()


def test_a_killed_process_goes_on_where_it_was(folder, tmp_path, capsys, monkeypatch):
    predict(folder, "table.csv", tmp_path / "calm.parquet", "--stream")
    calm, before = (tmp_path / "calm.parquet").read_bytes(), lines(capsys)[1:]
    out = tmp_path / "killed.parquet"
    replace, unlink, left = os.replace, os.unlink, 0

    def step(action):
        def killing(*arguments, **options):
            nonlocal left
            left -= 1
            if left < 0:
                raise Killed
            return action(*arguments, **options)

        return killing

    monkeypatch.setattr(os, "replace", step(replace))
    monkeypatch.setattr(os, "unlink", step(unlink))
    answered, own = [], answering.Answering.answered
    monkeypatch.setattr(
        answering.Answering,
        "answered",
        lambda *given: answered.append(given[1].rows) or own(*given),
    )
    tries = 0
    # Each try gets as far as three files more: it dies between a part and the facts about it, and while parts are taken away.
    while not out.exists():
        left, tries = 3, tries + 1
        with suppress(Killed):
            predict(folder, "table.csv", out, "--stream")
    assert tries > 3 and out.read_bytes() == calm
    answered_by_then, left = sum(answered), 100
    predict(folder, "table.csv", out, "--stream")  # killed while it took the parts away: no harm
    told = lines(capsys)
    assert told[-len(before) :] == before and out.read_bytes() == calm
    assert answered_by_then <= 2 * 40  # a part is answered twice at most


def test_parts_of_another_table_are_thrown_away(folder, tmp_path, capsys, monkeypatch):
    table = tables.write(tmp_path / "t.csv", tables.plain(24))
    out = tmp_path / "a.csv"
    own = answering.Answering.answered

    def second_fails(*given):
        if given[1].column("size").row_number(0) > PART:
            raise Killed
        return own(*given)

    with monkeypatch.context() as patch, suppress(Killed):
        patch.setattr(answering.Answering, "answered", second_fails)
        predict(folder, table, out, "--stream")
    assert not out.exists() and len([*Path(f"{out}.parts").glob("part-*.json")]) == 1
    tables.change(table, lambda columns: columns["size"].__setitem__(0, "7.5"))
    capsys.readouterr()
    predict(folder, table, out, "--stream")
    assert any("held answers of another run, table or options" in line for line in lines(capsys))
    predict(folder, table, tmp_path / "b.csv", "--no-stream")
    assert out.read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_two_processes_do_not_write_one_file(folder, tmp_path):
    run, out = torso.load(folder / "run"), tmp_path / "a.csv"
    parts = out.with_name("a.csv.parts")
    stream = streaming_of(folder / "table.csv")
    wanted = streaming.Wanted()
    key = streaming._Given.of(run, stream, wanted).key
    streaming.Parts(out, key)
    import threading

    errors = []

    def other():
        try:
            streaming.answer_stream(run, stream, out, wanted)
        except RunError as error:
            errors.append(str(error))

    with locked(parts, "prediction"):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert errors == [f"Another prediction is under way in {str(parts)!r}. Wait until it ends, or choose another folder."]  # fmt: skip


def test_a_folder_that_is_in_the_way_is_left_alone(folder, tmp_path, capsys):
    (tmp_path / "a.csv.parts").mkdir()
    (tmp_path / "a.csv.parts" / "mine.txt").write_text("mine")
    assert (
        tables.torso(
            "predict", folder / "run", folder / "table.csv", "-o", tmp_path / "a.csv", "--stream"
        )
        != 0
    )
    assert "holds other files" in " ".join(lines(capsys))
    predict(folder, "table.csv", tmp_path / "b.csv", "--stream")  # another --out
    assert (tmp_path / "a.csv.parts" / "mine.txt").read_text() == "mine"


def test_too_many_unreadable_files_are_an_error_of_all_rows(folder, tmp_path):
    whole = read_table(folder / "table.csv").data
    photos = [
        name if row < 25 else f"gone{row}.png"
        for row, name in enumerate(whole["photo"].to_pylist())
    ]
    data = whole.set_column(whole.column_names.index("photo"), "photo", pa.array(photos))
    write_table(data, folder / "gone.csv")
    run, said = torso.load(folder / "run"), []
    stream = streaming_of(folder / "gone.csv")
    for answer in (
        lambda: run.predict(folder / "gone.csv"),
        lambda: streaming.answer_stream(run, stream, tmp_path / "a.csv", streaming.Wanted()),
    ):
        with pytest.raises(DataError) as error:
            answer()
        said.append(str(error.value))
    assert said[0] == said[1] and "16 of 40 files cannot be read" in said[0]


def test_pieces_side_by_side_are_answered_in_their_order(tmp_path):
    columns = {name: cells * 5 for name, cells in tables.plain().items() if name != "note"}
    table = tables.write(tmp_path / "t.csv", columns)
    run = torso.fit(table, TARGETS, settings=TINY)
    at_once = run.predict(table, as_arrow=True)
    usual = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        with workers_for(run) as workers:
            assert (workers, torch.get_num_threads()) == (3, 1)
        answered = streaming.answer_stream(
            run, streaming_of(table), tmp_path / "a.arrow", streaming.Wanted()
        )
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(usual)
    assert answered.rows == 200
    assert read_file(tmp_path / "a.arrow", TextSettings())[0].data.equals(at_once.combine_chunks())
    begun = []
    results = in_order(lambda piece: -piece, (begun.append(n) or n for n in range(20)), 2)
    for number, result in enumerate(results):
        assert result == -number and len(begun) <= number + 3


def streaming_of(path):
    from torso.tables.streams.opening import open_stream

    return open_stream(path, TextSettings())
