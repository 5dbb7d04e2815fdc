"""Files on all cores: whichever way was chosen, the same results in the same order."""

import zipfile
from contextlib import closing
from functools import partial

import numpy as np
import pytest

from tests import small_tables as tables
from torso.columns import decoding
from torso.columns.decoding import Loaded, decode_files
from torso.columns.inputs import AudioInput, ImageInput
from torso.columns.media import MediaError, decode_image
from torso.columns.media.processes import DecodingProcesses, processes_work
from torso.columns.reading import Reading, ReadOptions
from torso.core.errors import DataError
from torso.tables.table import read_table

WAYS = ["here", "threads", "processes"]
NUMBER = 300


def as_loaded(data):
    return Loaded(data, None)


@pytest.fixture(params=WAYS)
def way(request, monkeypatch):
    """Make every reading go one way, and return which."""
    if request.param == "processes" and not processes_work():
        pytest.skip("no processes on this platform")
    monkeypatch.setattr(decoding, "_cores", lambda: 1 if request.param == "here" else 2)
    monkeypatch.setattr(decoding, "_WORTH_A_THREAD", 0.0 if request.param == "threads" else 1e9)
    monkeypatch.setattr(decoding, "_WORTH_PROCESSES", 0.0)
    asked = []
    ask = DecodingProcesses.ask

    def started_ask(self, batch):
        self.wait()  # else a short test is over before a process has started
        answer = ask(self, batch)
        asked.append(answer is not None)
        return answer

    monkeypatch.setattr(DecodingProcesses, "ask", started_ask)
    yield request.param
    assert any(asked) == (request.param == "processes")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    for row in range(NUMBER):
        content = b"damaged" if row % 50 == 3 else tables.png((row % 256, row // 256, 0))
        (folder / f"{row}.png").write_bytes(content)
    with zipfile.ZipFile(folder / "all.zip", "w") as archive:
        for row in range(NUMBER):
            archive.write(folder / f"{row}.png", f"in/{row}.png")
    return folder


def column(cells):
    return read_table({"photo": cells}).column("photo")


def cells_of(folder, form):
    if form == "bytes":
        return [(folder / f"{row}.png").read_bytes() for row in range(NUMBER)]
    return [f"{'in/' if form == 'zip' else ''}{row}.png" for row in range(NUMBER)]


@pytest.mark.parametrize("cached", [False, True])
@pytest.mark.parametrize("form", ["folder", "zip", "bytes"])
def test_every_way_gives_the_same_in_order(way, folder, tmp_path, form, cached):
    cells = cells_of(folder, form)
    cells[10] = None
    root = [folder / "all.zip"] if form == "zip" else []
    told = []
    reading = Reading(
        ReadOptions(
            folder=folder,
            root=root,
            cache=tmp_path if cached else None,
            progress=lambda *call: told.append(call),
        )
    )
    source = ImageInput(16).source(column(cells), reading)
    values, mask = source.batch(np.arange(NUMBER))
    bad = [row for row in range(NUMBER) if row % 50 == 3]
    assert sorted({10, *bad}) == np.flatnonzero(~mask).tolist()
    rows = np.flatnonzero(mask)
    np.testing.assert_array_equal(values[rows, 0, 0, 0], rows % 256)
    np.testing.assert_array_equal(values[rows, 0, 0, 1], rows // 256)
    assert [cell.row - 1 for cell in reading.log.skipped] == bad
    assert reading.log.decoded == {"photo": NUMBER - 1 - len(bad)}
    if cached:
        assert told[-1] == ("photo", NUMBER, NUMBER)
        assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
        again = Reading(ReadOptions(folder=folder, root=root, cache=tmp_path, progress=None))
        ImageInput(16).source(column(cells), again)
        assert again.log.decoded == {"photo": 0}


def test_recordings_too(way, folder, tmp_path):
    cells = [tables.wav(100 + row) for row in range(100)]
    found, mask = (
        AudioInput(rate=4000, mels=8)
        .source(column(cells), Reading(ReadOptions(cache=tmp_path)))
        .batch(np.arange(100))
    )
    assert mask.all()
    decode = AudioInput(rate=4000, mels=8).decoder().decode
    np.testing.assert_array_equal(found, [decode(cell) for cell in cells])


def test_the_first_error_ends_it(way, folder, tmp_path):
    reading = Reading(ReadOptions(folder=folder, cache=tmp_path, on_error="fail"))
    with pytest.raises(DataError, match=r"row 4, column 'photo': '3\.png'"):
        ImageInput(16).source(column(cells_of(folder, "folder")), reading)
    if way == "processes":
        ImageInput(16).source(
            column(cells_of(folder, "folder")[50:53] * 9), Reading(ReadOptions(folder=folder))
        )


def test_an_unexpected_error_is_shown_and_not_lost(way):
    files = [b"even"] * 39 + [b"odd"]
    with pytest.raises(ValueError, match="multiple of element size"):
        list(decode_files(files, as_loaded, partial(np.frombuffer, dtype=np.uint16)))


def test_stopping_early_leaves_nothing_behind(way):
    data = tables.png()
    results = decode_files([data] * 400, as_loaded, partial(decode_image, size=16))
    with closing(results):
        for number, (loaded, found) in enumerate(results):
            assert loaded.data is data
            assert found.shape == (16, 16, 3)
            if number == 100:
                break


@pytest.mark.parametrize(
    "cost,number,expected",
    [(0.0001, 1000, []), (0.0001, 10_000, ["processes"]), (0.01, 100, ["threads"])],
)
def test_the_cost_decides(cost, number, expected, monkeypatch):
    """The first file, which imports the decoder, does not count."""
    ways = []
    monkeypatch.setattr(decoding, "_cores", lambda: 2)
    monkeypatch.setattr(decoding, "processes_work", lambda: True)
    for name in ("threads", "processes"):
        monkeypatch.setattr(
            decoding, f"_by_{name}", lambda *_, name=name: iter([ways.append(name)])
        )
    times = iter([time for seconds in [0.3] + [cost] * 7 for time in (0.0, seconds)])
    monkeypatch.setattr(decoding, "perf_counter", lambda: next(times))
    list(decode_files([b"x"] * number, as_loaded, lambda data: np.zeros(1)))
    assert ways == expected


def test_an_unreadable_file_is_not_decoded():
    error = MediaError("gone")
    [(loaded, result)] = decode_files([0], lambda _: Loaded(error, "note"), decode=None)
    assert (loaded.note, result) == ("note", error)
