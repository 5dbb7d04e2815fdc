"""The size that pictures are read at follows theirs, step by step."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from tests import small_tables as tables
from tests.places import DATA
from torso.columns.media import MediaFiles
from torso.columns.media.picture_sizes import picture_size
from torso.inference import inspect_table
from torso.tables.table import read_table


def jpeg(width, height):
    stream = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (height, width, 3), dtype=np.uint8)
    Image.fromarray(noise).save(stream, "JPEG", quality=100)
    return stream.getvalue()


def chosen(*pictures):
    return picture_size(pictures, MediaFiles([]))


@pytest.mark.parametrize(
    "side,size",
    [(1, 32), (8, 32), (28, 32), (40, 32), (41, 64), (96, 64), (128, 64), (129, 96), (400, 128)],
)
def test_steps(side, size):
    assert chosen(tables.png(side=side)) == (side, size)


def test_the_median_of_those_that_can_be_read_decides():
    small, large = tables.png(side=20), tables.png(side=300)
    assert chosen(small, small, large) == (20, 32)
    assert chosen(b"damaged", large, b"") == (300, 128)
    assert chosen(b"damaged") is None
    assert chosen() is None
    assert chosen(tables.png_bomb()) == (20_000, 128)


def test_only_the_head_of_a_large_file_is_read(tmp_path, monkeypatch):
    picture = jpeg(640, 360)
    assert len(picture) > 1 << 17
    (tmp_path / "a.jpg").write_bytes(picture)
    files = MediaFiles([tmp_path])
    assert len(files.head("a.jpg")) == 1 << 16
    assert picture_size(["a.jpg"], files) == (480, 128)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.write(tmp_path / "a.jpg", "a.jpg")
    assert picture_size(["a.jpg"], MediaFiles([tmp_path / "all.zip"])) == (480, 128)


def test_inspect_says_it(tmp_path):
    table = tables.make(tmp_path)
    [report] = [report for report in inspect_table(read_table(table)) if report.name == "photo"]
    assert report.settings == {"size": 32}
    assert report.why.endswith("; median side 8 pixels, so size 32 unless set")
    [report] = inspect_table(read_table({"photo": [tables.png(side=200)] * 3}))
    assert report.settings == {"size": 96}
    [report] = inspect_table(read_table({"photo": ["absent.png", "gone.png"]}))
    assert report.settings == {}


def test_talking_stamps_are_read_at_64():
    folder = DATA / "talking_stamps"
    if not folder.exists():
        pytest.skip("talking_stamps is not in $TORSO_DATA")
    reports = inspect_table(read_table(folder / "stamps.csv"), roots=[folder / "images.zip"])
    assert {report.name: report.settings for report in reports if report.kind == "image"} == {
        "image": {"size": 64}
    }
