"""Folders, zips and bytes; nothing outside a root is ever read."""

import io
import os
import random
import stat
import struct
import tracemalloc
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import torso.columns.media.files as media
from torso.columns.media.files import MediaError, MediaFiles
from torso.core.errors import DataError


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "root"
    (folder / "in").mkdir(parents=True)
    (folder / "in" / "a.bin").write_bytes(b"alpha")
    (folder / "empty.bin").write_bytes(b"")
    (tmp_path / "secret.bin").write_bytes(b"secret")
    return folder


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "files.zip"
    with zipfile.ZipFile(path, "w") as z:
        z.writestr("in/a.bin", b"alpha", zipfile.ZIP_DEFLATED)
        z.writestr("./in/b.bin", b"beta" * 1000, zipfile.ZIP_STORED)
        z.writestr("c.bin", b"gamma" * 1000, zipfile.ZIP_LZMA)
        z.writestr("empty.bin", b"")
        z.writestr("../secret.bin", b"archived")
    return path


@pytest.mark.parametrize(
    "name", ["in/a.bin", "./in/a.bin", "in//a.bin", "in\\a.bin", "in/../in/a.bin"]
)
def test_a_folder_gives_its_files(root, name):
    assert MediaFiles([root]).read(name) == b"alpha"


def test_an_absolute_path_inside_the_root_is_fine(root):
    assert MediaFiles([root]).read(str(root / "in" / "a.bin")) == b"alpha"


@pytest.mark.parametrize(
    "name", ["../secret.bin", "in/../../secret.bin", "/etc/passwd", "../nothing", ".."]
)
def test_no_path_leaves_the_root(root, name):
    files = MediaFiles([root])
    for use in (files.read, files.stamp):
        with pytest.raises(MediaError, match="leaves the root"):
            use(name)


def test_no_link_leaves_the_root(root):
    (root / "link.bin").symlink_to(root.parent / "secret.bin")
    (root / "up").symlink_to(root.parent)
    (root / "inside.bin").symlink_to(root / "in" / "a.bin")
    files = MediaFiles([root])
    for name in ("link.bin", "up/secret.bin", "up/../secret.bin"):
        with pytest.raises(MediaError, match="leaves the root"):
            files.read(name)
    assert files.read("inside.bin") == b"alpha"


def test_a_root_that_is_itself_a_link_works(root, tmp_path):
    (tmp_path / "alias").symlink_to(root)
    assert MediaFiles([tmp_path / "alias"]).read("in/a.bin") == b"alpha"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no.bin", "file not found"),
        ("in/no.bin", "file not found"),
        ("no/no.bin", "file not found"),
        ("in", "a folder, not a file"),
        ("", "empty path"),
        ("a\0b", "null character"),
        ("https://example.org/a.png", "an address, not a path"),
        ("x" * 5000, "file not found"),
    ],
)
def test_what_a_folder_cannot_give(root, name, said):
    with pytest.raises(MediaError, match=said):
        MediaFiles([root]).stamp(name)


def test_a_pipe_is_not_read(root):
    os.mkfifo(root / "pipe")
    assert stat.S_ISFIFO((root / "pipe").stat().st_mode)
    with pytest.raises(MediaError, match="not a file"):
        MediaFiles([root]).read("pipe")


@pytest.mark.parametrize("name", ["in/a.bin", "./in/a.bin", "in\\a.bin", "/in/a.bin"])
def test_a_zip_gives_its_members(archive, name):
    files = MediaFiles([archive])
    assert files.read(name) == b"alpha"
    assert files.read("in/b.bin") == b"beta" * 1000
    assert files.read("c.bin") == b"gamma" * 1000


def test_a_zip_gives_members_only(archive, root):
    files = MediaFiles([archive])
    assert files.read("../secret.bin") == b"archived"  # the member of that name, never the file
    with pytest.raises(MediaError, match="file not found"):
        files.read(str(root / "in" / "a.bin"))


def test_a_damaged_member_is_noticed(archive):
    files = MediaFiles([archive])
    data = bytearray(archive.read_bytes())
    at = data.index(b"betabeta")
    data[at : at + 4] = b"BETA"
    archive.write_bytes(data)
    with pytest.raises(MediaError, match="wrong checksum"):
        files.read("in/b.bin")
    archive.write_bytes(data[:60])
    with pytest.raises(MediaError, match="damaged in the zip"):
        files.read("in/b.bin")


def test_empty_and_too_large_files_are_refused(root, archive, monkeypatch):
    for files in (MediaFiles([root]), MediaFiles([archive])):
        with pytest.raises(MediaError, match="empty file"):
            files.read("empty.bin")
    with pytest.raises(MediaError, match="empty file"):
        MediaFiles([]).read(b"")
    monkeypatch.setattr(media, "SIZE_LIMIT", 3)
    for files in (MediaFiles([root]), MediaFiles([archive])):
        with pytest.raises(MediaError, match="more than the limit"):
            files.read("in/a.bin")
    with pytest.raises(MediaError, match="more than the limit"):
        MediaFiles([]).read(b"alpha")


def test_roots_are_tried_in_order(root, archive):
    files = MediaFiles([root, archive])
    assert files.read("in/b.bin") == b"beta" * 1000
    assert files.stamp("in/a.bin") == MediaFiles([root]).stamp("in/a.bin")
    assert files.stamp("in/a.bin") != MediaFiles([archive]).stamp("in/a.bin")


def test_a_bad_root_is_an_error_at_once(tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        MediaFiles([tmp_path / "no"])
    (tmp_path / "text.txt").write_text("no zip")
    with pytest.raises(DataError, match="neither a folder nor a zip"):
        MediaFiles([tmp_path / "text.txt"])


def test_stamps_change_with_the_file(root, archive):
    path = root / "in" / "a.bin"
    files = MediaFiles([root])
    first = files.stamp("in/a.bin")
    assert len(first) == 16 and first == MediaFiles([root]).stamp("./in/a.bin")
    os.utime(path, ns=(1, 1))
    second = files.stamp("in/a.bin")
    path.write_bytes(b"other!")
    os.utime(path, ns=(1, 1))
    assert len({first, second, files.stamp("in/a.bin")}) == 3

    zipped = MediaFiles([archive])
    assert len({zipped.stamp("in/a.bin"), zipped.stamp("in/b.bin"), zipped.stamp("c.bin")}) == 3
    assert files.stamp(b"alpha") == zipped.stamp(b"alpha") != files.stamp(b"beta")


def test_threads_share_one_zip(archive):
    files = MediaFiles([archive])
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(files.read, ["in/b.bin", "c.bin"] * 200)) == {
            b"beta" * 1000,
            b"gamma" * 1000,
        }


def test_a_zip_in_front_of_other_bytes_is_read(archive):
    archive.write_bytes(b"#!/bin/sh\n" + archive.read_bytes())
    assert MediaFiles([archive]).read("in/a.bin") == b"alpha"


def test_windows_paths_find_their_files(root):
    assert Path(MediaFiles([root]).roots[0]) == root
    (root / "odd\\name.bin").write_bytes(b"odd")  # legal here: the exact name comes first
    assert MediaFiles([root]).read("odd\\name.bin") == b"odd"


METHODS = {
    "deflated": zipfile.ZIP_DEFLATED,
    "bzip2": zipfile.ZIP_BZIP2,
    "lzma": zipfile.ZIP_LZMA,
}


def zipped(method, content, claimed=None):
    """Return a zip of one member, `a.bin`, that claims another size if one is given."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", method) as archive:
        archive.writestr("a.bin", content)
    raw = bytearray(sink.getvalue())
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = raw.index(signature) + offset
        raw[at : at + 4] = struct.pack("<I", len(content) if claimed is None else claimed)
    return bytes(raw)


@pytest.mark.parametrize("method", METHODS)
def test_a_member_that_claims_to_be_small_takes_little_memory(tmp_path, method):
    path = tmp_path / "bomb.zip"
    path.write_bytes(zipped(METHODS[method], bytes(20_000_000), claimed=100))
    tracemalloc.start()
    with pytest.raises(MediaError, match="wrong checksum"):
        MediaFiles([path]).read("a.bin")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 1_000_000
    path.write_bytes(zipped(METHODS[method], b"alpha" * 1000))
    assert MediaFiles([path]).read("a.bin") == b"alpha" * 1000


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, *METHODS.values()])
def test_any_changed_byte_of_a_zip_is_noticed_or_harmless(tmp_path, method):
    raw, draw = zipped(method, b"alpha" * 20), random.Random(0)
    path, refused = tmp_path / "files.zip", 0
    for _ in range(60):
        changed = bytearray(raw)
        changed[draw.randrange(len(raw))] = draw.randrange(256)
        path.write_bytes(changed)
        try:
            assert MediaFiles([path]).read("a.bin") == b"alpha" * 20
        except (MediaError, DataError):
            refused += 1
    assert refused


def test_an_unknown_method_is_named(tmp_path):
    raw = bytearray(zipped(zipfile.ZIP_STORED, b"alpha"))
    for signature, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        at = raw.index(signature) + offset
        raw[at : at + 2] = struct.pack("<H", 93)
    (tmp_path / "new.zip").write_bytes(raw)
    with pytest.raises(MediaError, match=r"method 93; known: stored, deflated, bzip2, lzma"):
        MediaFiles([tmp_path / "new.zip"]).read("a.bin")
