"""One pass over file cells: cached, counted, in order; what cannot be read is told."""

import threading

import numpy as np
import pytest

from tests import small_tables as tables
from torso.columns.inputs import ImageInput
from torso.columns.reading import Reading, ReadOptions
from torso.core.errors import DataError
from torso.tables.table import read_table

ALL = np.arange(6)


@pytest.fixture
def folder(tmp_path):
    for row in range(6):
        (tmp_path / f"{row}.png").write_bytes(tables.png((row * 40, 0, 0)))
    return tmp_path


def column(cells):
    return read_table({"photo": cells}).column("photo")


NAMES = column([f"{row}.png" for row in range(6)])


def reds(source, rows=ALL):
    values, mask = source.batch(rows)
    return [int(v[0, 0, 0]) if m else None for v, m in zip(values, mask, strict=True)]


@pytest.mark.parametrize("cached", [False, True])
def test_files_come_in_the_order_of_the_cells(folder, cached):
    reading = Reading(ReadOptions(folder=folder, cache=folder / "cache" if cached else None))
    source = ImageInput(16).source(NAMES, reading)
    assert len(source) == 6
    assert reds(source) == [0, 40, 80, 120, 160, 200]
    assert reds(source, np.array([5, 0, 5])) == [200, 0, 200]
    assert reading.log.decoded == {"photo": 6}


def test_many_files_keep_their_order_on_all_cores(tmp_path):
    for row in range(100):
        (tmp_path / f"{row}.png").write_bytes(tables.png((row, 0, 0)))
    order = np.random.default_rng(0).permutation(100)
    reading = Reading(ReadOptions(folder=tmp_path, cache=tmp_path / "cache"))
    source = ImageInput(16).source(column([f"{row}.png" for row in order]), reading)
    assert reds(source, np.arange(100)) == order.tolist()


def test_the_second_reading_decodes_nothing(folder):
    for expected in (6, 0):
        reading = Reading(ReadOptions(folder=folder, cache=folder / "cache"))
        assert reds(ImageInput(16).source(NAMES, reading)) == [0, 40, 80, 120, 160, 200]
        assert reading.log.decoded == {"photo": expected}


def test_equal_contents_and_gaps_and_raw_bytes(folder):
    data = tables.png((80, 0, 0))
    ImageInput(16).source(NAMES, Reading(ReadOptions(folder=folder, cache=folder / "cache")))
    reading = Reading(ReadOptions(cache=folder / "cache"))
    source = ImageInput(16).source(column([data, None, b"", data, tables.png((9, 0, 0))]), reading)
    assert reds(source, np.arange(5)) == [80, None, None, 80, 9]
    assert reading.log.decoded == {"photo": 1}
    assert reading.log.skipped == []


def test_another_setting_is_decoded_anew(folder):
    ImageInput(16).source(NAMES, Reading(ReadOptions(folder=folder, cache=folder / "cache")))
    reading = Reading(ReadOptions(folder=folder, cache=folder / "cache"))
    ImageInput(20).source(NAMES, reading)
    assert reading.log.decoded == {"photo": 6}


def test_a_changed_file_is_noticed(folder):
    ImageInput(16).source(NAMES, Reading(ReadOptions(folder=folder, cache=folder / "cache")))
    (folder / "2.png").write_bytes(tables.png((250, 1, 1), side=9))
    reading = Reading(ReadOptions(folder=folder, cache=folder / "cache"))
    assert reds(ImageInput(16).source(NAMES, reading)) == [0, 40, 250, 120, 160, 200]
    assert reading.log.decoded == {"photo": 1}


@pytest.mark.parametrize("cached", [False, True])
def test_an_unreadable_file_is_a_gap_that_is_told(folder, cached):
    (folder / "1.png").write_bytes(b"damaged")
    reading = Reading(ReadOptions(folder=folder, cache=folder / "cache" if cached else None))
    assert reds(ImageInput(16).source(NAMES, reading)) == [0, None, 80, 120, 160, 200]
    told = [cell.to_dict() for cell in reading.log.skipped]
    assert told == [
        {
            "table": "<frame>",
            "row": 2,
            "column": "photo",
            "cell": "1.png",
            "reason": "not a PNG, JPEG, WebP, GIF, BMP or TIFF image",
        }
    ]
    again = Reading(ReadOptions(folder=folder, cache=folder / "cache" if cached else None))
    ImageInput(16).source(NAMES, again)
    assert len(again.log.skipped) == 1  # the cache remembers no failure


@pytest.mark.parametrize("cached", [False, True])
def test_on_error_fail(folder, cached):
    (folder / "4.png").unlink()
    reading = Reading(
        ReadOptions(folder=folder, cache=folder / "c" if cached else None, on_error="fail")
    )
    with pytest.raises(DataError, match=r"row 5, column 'photo': '4\.png': file not found"):
        ImageInput(16).source(NAMES, reading)


def test_too_many_unreadable_files(folder):
    for row in (0, 1):
        (folder / f"{row}.png").unlink()
    with pytest.raises(DataError, match=r"2 of 6 files cannot be read.*row 1.*data\.root"):
        ImageInput(16).source(NAMES, Reading(ReadOptions(folder=folder)))
    ImageInput(16).source(NAMES, Reading(ReadOptions(folder=folder, most_skipped=0.5)))
    in_pieces = Reading(ReadOptions(folder=folder, in_pieces=True))
    ImageInput(16).source(NAMES, in_pieces)
    with pytest.raises(DataError, match="2 of 6 files"):
        in_pieces.check()


def test_a_column_of_no_files(folder):
    with pytest.raises(DataError, match="row 1, column 'photo': expected paths of files"):
        ImageInput(16).source(column([1, 2]), Reading(ReadOptions(folder=folder)))
    source = ImageInput(16).source(
        column([None, None]), Reading(ReadOptions(folder=folder, cache=folder / "c"))
    )
    values, mask = source.batch(np.arange(2))
    assert values.shape == (2, 16, 16, 3)
    assert not mask.any()


def test_progress_is_told(folder):
    heard = []
    reading = Reading(
        ReadOptions(
            folder=folder, cache=folder / "cache", progress=lambda *call: heard.append(call)
        )
    )
    ImageInput(16).source(NAMES, reading)
    assert heard[-1] == ("photo", 6, 6)


def test_roots_are_tried_in_order(folder, tmp_path):
    for name, red in (("a", 1), ("b", 2)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "0.png").write_bytes(tables.png((red, 0, 0)))
    photos = column(["0.png"])
    for reading, own, expected in (
        (Reading(ReadOptions(folder=folder)), None, 0),
        (Reading(ReadOptions(folder=folder, default_root=["a"])), None, 1),
        (Reading(ReadOptions(folder=folder, default_root=["a"])), "b", 2),
        (Reading(ReadOptions(folder=folder, default_root=["a"])), ["a", "b"], 1),
        (Reading(ReadOptions(folder=folder, root=["b"])), "a", 2),
    ):
        assert reds(ImageInput(16, root=own).source(photos, reading), np.array([0])) == [expected]
    with pytest.raises(DataError, match="'nowhere' does not exist"):
        ImageInput(16, root="nowhere").source(photos, Reading(ReadOptions(folder=folder)))


def test_two_threads_may_read_into_one_cache(folder):
    found = {}

    def read(name):
        reading = Reading(ReadOptions(folder=folder, cache=folder / "cache"))
        found[name] = reds(ImageInput(16).source(NAMES, reading))

    threads = [threading.Thread(target=read, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found["a"] == found["b"] == [0, 40, 80, 120, 160, 200]
