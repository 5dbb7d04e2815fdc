import json
import os
import shutil
import signal
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import torso.cache.store as cache
from tests.places import ROOT, SOURCE
from torso.cache.item_reader import DamagedItems
from torso.cache.keys import content_digest
from torso.cache.store import FeatureStore, cache_root
from torso.core.errors import ConfigError, DataError

SETTINGS = {"kind": "audio", "mels": 4, "decoder": 1}


def open_store(root: Path, **changes) -> FeatureStore:
    return FeatureStore(root, {**SETTINGS, **changes}, np.float16, (4,))


def digest(number: int) -> bytes:
    return content_digest(b"file %d" % number)


def digests(numbers) -> np.ndarray:
    return np.frombuffer(b"".join(digest(number) for number in numbers), "V16")


def features(number: int) -> np.ndarray:
    """Frames whose number and content follow from `number`."""
    length = number * 7 % 13 + 1
    return np.random.default_rng(number).random((length, 4)).astype(np.float16)


def fill(store: FeatureStore, numbers) -> None:
    for number in numbers:
        store.add(digest(number), features(number))


def assert_holds(store: FeatureStore, numbers) -> None:
    """Every one of `numbers` is known, and comes back exactly, padded with zeros."""
    items = store.positions(digests(numbers))
    assert (items >= 0).all()
    values, lengths = store.gather(items)
    assert values.shape == (len(items), lengths.max(), 4)
    for number, value, length in zip(numbers, values, lengths, strict=True):
        np.testing.assert_array_equal(value[:length], features(number))
        assert not value[length:].any()


def known(store: FeatureStore, numbers) -> list[int]:
    found = store.positions(digests(numbers)) >= 0
    return [number for number, there in zip(numbers, found, strict=True) if there]


def segments(store: FeatureStore, suffix: str) -> list[Path]:
    return sorted(store.folder.glob(f"*{suffix}"))


def start_writer(root: Path, body: str) -> subprocess.Popen:
    """Run `body` in another process; it finds this module's helpers and `root`."""
    script = f"""
import os, sys, time
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_store import *
root = Path({str(root)!r})
{body}
"""
    source = str(SOURCE)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([source, str(ROOT)])}
    return subprocess.Popen(
        [sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE, text=True
    )


def read_line(writer: subprocess.Popen) -> str:
    assert writer.stdout is not None
    return writer.stdout.readline().strip()


def finish(writer: subprocess.Popen) -> str:
    output, _ = writer.communicate(timeout=30)
    assert writer.returncode == 0, output
    return output


# What comes back


def test_ragged_items_come_back_before_and_after_commit(tmp_path):
    with open_store(tmp_path) as store:
        fill(store, range(50))
        assert_holds(store, range(50))
        store.commit()
        assert_holds(store, range(50))
        fill(store, range(50, 60))
        assert_holds(store, range(60))
    with open_store(tmp_path) as store:
        assert len(store) == 60
        assert_holds(store, [59, 3, 3, 0])


def test_fixed_size_items_come_back(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 3), dtype=np.uint8)
    with FeatureStore(tmp_path, {"size": 8}, np.uint8, (8, 3)) as store:
        items = [store.add(content_digest(image.tobytes()), image) for image in images]
    store = FeatureStore(tmp_path, {"size": 8}, np.uint8, (8, 3))
    items = store.positions(
        np.stack([np.frombuffer(content_digest(i.tobytes()), np.uint8) for i in images])
    )
    values, lengths = store.gather(items[::-1])
    np.testing.assert_array_equal(values, images[::-1])
    assert lengths.tolist() == [8] * 20


def test_absent_empty_and_no_items(tmp_path):
    with open_store(tmp_path) as store:
        item = store.add(digest(1), features(1))
        empty = store.add(digest(2), np.empty((0, 4), np.float16))
        values, lengths = store.gather(np.array([-1, item, empty]))
        assert lengths.tolist() == store.lengths(np.array([-1, item, empty])).tolist() == [0, 8, 0]
        assert not values[0].any() and not values[2].any()
        assert store.gather(np.array([-1, -1]))[0].shape == (2, 0, 4)
        assert store.gather(np.array([], np.int64))[0].shape == (0, 0, 4)
        assert store.positions(digests([])).shape == (0,)
        for wrong in (2, -2):
            with pytest.raises(IndexError, match="between -1 and 1"):
                store.gather(np.array([wrong]))
    assert open_store(tmp_path).positions(digests([2])).tolist() == [1]


def test_known_content_is_stored_once(tmp_path):
    with open_store(tmp_path) as store:
        first = store.add(digest(1), features(1))
        assert store.add(digest(1), features(2)) == first
        assert len(store) == 1
    with open_store(tmp_path) as store:
        assert store.add(digest(1), features(2)) == 0
        assert_holds(store, [1])


def test_changed_content_and_changed_settings_are_unknown(tmp_path):
    with open_store(tmp_path) as store:
        fill(store, [1])
        changed = np.frombuffer(content_digest(b"file 1 "), "V16")
        assert store.positions(changed).tolist() == [-1]
    others = [
        open_store(tmp_path, decoder=2),
        open_store(tmp_path, mels=5),
        FeatureStore(tmp_path, SETTINGS, np.float32, (4,)),
        FeatureStore(tmp_path, SETTINGS, np.float16, (5,)),
    ]
    assert all(other.positions(digests([1])).tolist() == [-1] for other in others)
    reordered = dict(reversed(SETTINGS.items()))
    assert_holds(FeatureStore(tmp_path, reordered, "<f2", (4,)), [1])


def test_settings_can_be_read_by_people(tmp_path):
    described = json.loads((open_store(tmp_path).folder / "settings.json").read_text())
    assert described["settings"] == SETTINGS and described["tail"] == [4]


def test_lookup_of_many_keys_is_one_search(tmp_path, monkeypatch):
    """200,000 items, keys full of zero bytes included, are found by arrays: no Python object each."""
    number = np.arange(200_000, dtype=np.uint64)
    keys = np.zeros((len(number), 2), np.uint64)
    keys[:, 1] = number * 256  # many end in zero bytes
    raw = keys.view(np.uint8).reshape(-1, 16)
    with FeatureStore(tmp_path, {}, np.uint8) as store:
        for row in raw[:1000]:
            store.add(row.tobytes(), row[8:10])
        assert store.positions(raw[:1001]).tolist() == [*range(1000), -1]
    records = np.empty(len(number) - 1000, cache._ITEM)
    records["key"] = raw[1000:].reshape(-1).view("V16")
    records["start"], records["length"] = np.arange(len(records)) * 2, 2
    records["sum"] = [zlib.crc32(row.tobytes()) for row in raw[1000:, 8:10]]
    writer = cache.SegmentWriter(store.folder, store._identity)
    writer.append(raw[1000:, 8:10].tobytes())
    writer.commit(records)

    store = FeatureStore(tmp_path, {}, np.uint8)
    order = np.random.default_rng(0).permutation(len(number))
    items = store.positions(raw[order])
    assert len(np.unique(items)) == len(number) and not store._keys._recent
    some = order[:500]
    np.testing.assert_array_equal(store.gather(items[:500])[0], raw[some, 8:10])
    assert store.positions(np.full((2, 16), 255, np.uint8)).tolist() == [-1, -1]


def test_many_small_commits_and_open_files_beyond_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr("torso.cache.segment_files._MOST_OPEN", 3)
    monkeypatch.setattr("torso.cache.segment_files._SLOW", 1e30)  # always prefetch
    monkeypatch.setattr(cache, "_COMMIT_BYTES", 200)
    with open_store(tmp_path) as store:
        fill(store, range(60))
        assert len(segments(store, ".npy")) > 10
        for _ in range(3):
            assert_holds(store, range(60))
    assert_holds(open_store(tmp_path), range(60))


def test_threads_add_and_gather_together(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "_COMMIT_BYTES", 2000)
    with open_store(tmp_path) as store:

        def work(number: int) -> None:
            store.add(digest(number), features(number))
            store.add(digest(number // 2), features(number // 2))
            assert_holds(store, [number, number // 2])

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(400)))
        assert len(store) == 400
    assert_holds(open_store(tmp_path), range(400))


def test_an_interrupt_in_the_middle_of_a_write_corrupts_nothing(tmp_path, monkeypatch):
    whole = os.pwrite

    def half(handle, data, offset):
        whole(handle, data[: len(data) // 2], offset)
        raise KeyboardInterrupt

    with open_store(tmp_path) as store:
        fill(store, range(3))
        for number in (3, 10):  # then written over by a shorter and by nothing
            monkeypatch.setattr(os, "pwrite", half)
            with pytest.raises(KeyboardInterrupt):
                fill(store, [11])
            monkeypatch.setattr(os, "pwrite", whole)
            assert not known(store, [11])
            fill(store, [number])
        monkeypatch.setattr(os, "pwrite", half)
        with pytest.raises(KeyboardInterrupt):
            fill(store, [11])
    store = open_store(tmp_path)
    assert known(store, range(20)) == [0, 1, 2, 3, 10]
    assert_holds(store, [0, 1, 2, 3, 10])


def test_an_interrupted_commit_can_be_done_again(tmp_path, monkeypatch):
    with open_store(tmp_path) as store:
        fill(store, range(3))
        with monkeypatch.context() as patch:
            patch.setattr("torso.cache.segments.replace_file", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                store.commit()
        fill(store, [3])
    assert_holds(open_store(tmp_path), range(4))


# Other processes


def test_another_process_sees_what_is_committed(tmp_path):
    with open_store(tmp_path) as store:
        fill(store, range(20))
        store.commit()
        fill(store, range(20, 30))
        reader = start_writer(
            tmp_path,
            "store = open_store(root); assert_holds(store, range(20)); print(known(store, range(40)))",
        )
        assert finish(reader).strip() == str(list(range(20)))


def test_two_processes_write_at_once_and_see_each_other_after_refresh(tmp_path):
    body = "store = open_store(root); print('up', flush=True); input_(); fill(store, range({})); store.close()"
    gate = "\ndef input_():\n    while not (root / 'go').exists(): time.sleep(0.01)\n"
    writers = [start_writer(tmp_path, gate + body.format(r)) for r in ("0, 300", "200, 500")]
    assert [read_line(writer) for writer in writers] == ["up", "up"]
    store = open_store(tmp_path)
    fill(store, [1000])  # pending here while others commit
    (tmp_path / "go").touch()
    for writer in writers:
        finish(writer)
    assert not known(store, range(500))
    store.refresh()
    assert_holds(store, [*range(500), 1000])
    fill(store, range(1001, 1010))
    assert_holds(store, [*range(500), *range(1000, 1010)])
    store.close()
    assert_holds(open_store(tmp_path), [*range(500), *range(1000, 1010)])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_writes_its_own_segment(tmp_path):
    body = """
store = open_store(root)
fill(store, range(10))
child = os.fork()
fill(store, range(10, 20) if child else range(20, 30))
assert_holds(store, range(20) if child else [*range(10), *range(20, 30)])
store.close()
if child:
    assert os.waitpid(child, 0)[1] == 0
"""
    finish(start_writer(tmp_path, body))
    store = open_store(tmp_path)
    assert len(store) == 30
    assert_holds(store, range(30))


def test_a_killed_writer_loses_only_what_was_not_committed(tmp_path):
    body = """
store = open_store(root)
fill(store, range(30)); store.commit()
fill(store, range(30, 60)); store.commit()
number = 60
while True:
    fill(store, [number]); number += 1
    if number == 200: print('in the middle', flush=True)
"""
    writer = start_writer(tmp_path, body)
    assert read_line(writer) == "in the middle"
    live = open_store(tmp_path)
    assert len(segments(live, ".bin")) == 3, "a live writer's data is left alone"
    writer.send_signal(signal.SIGKILL)
    writer.communicate(timeout=30)
    store = open_store(tmp_path)
    assert len(segments(store, ".bin")) == 2, "a dead writer's data is removed"
    assert len(store) == 60 and known(store, range(300)) == list(range(60))
    assert_holds(store, range(60))


def test_a_writer_killed_at_any_moment_leaves_nothing_false(tmp_path, monkeypatch):
    """Many commits of few items, killed wherever it happens to be."""
    body = """
import torso.cache.store as cache
cache._COMMIT_BYTES = 100
store = open_store(root)
fill(store, [0])
store.commit()
print('up', flush=True)
number = 1
while True:
    fill(store, [number]); number += 1
"""
    for attempt in range(4):
        writer = start_writer(tmp_path, body)
        read_line(writer)
        with pytest.raises(subprocess.TimeoutExpired):
            writer.wait(timeout=0.03 + 0.05 * attempt)
        writer.kill()
        writer.communicate(timeout=30)
        store = open_store(tmp_path)
        found = known(store, range(20_000))
        assert found and found == list(range(len(found)))
        assert_holds(store, found)
        names = {path.stem for path in segments(store, ".npy")}
        assert {path.stem for path in segments(store, ".bin")} == names


# Damage


@pytest.fixture
def two_segments(tmp_path):
    """A store of items 0..9 and 10..19, each in one segment; returns its root and the files."""
    with open_store(tmp_path) as store:
        fill(store, range(10))
        store.commit()
        fill(store, range(10, 20))
    pairs = {}
    for index in segments(store, ".npy"):
        first = np.load(index)["key"][0].tobytes()
        pairs[0 if first == digest(0) else 10] = index
    return tmp_path, pairs[0], pairs[0].with_suffix(".bin")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def lengthen(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"x")


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [cut, lengthen, empty, Path.unlink])
def test_damaged_data_is_not_believed(two_segments, damage):
    root, _, data = two_segments
    damage(data)
    store = open_store(root)
    assert known(store, range(20)) == list(range(10, 20))
    fill(store, range(10))
    store.close()
    assert_holds(open_store(root), range(20))


@pytest.mark.parametrize("damage", [cut, lengthen, flip, empty, Path.unlink])
def test_a_damaged_index_is_not_believed(two_segments, damage):
    root, index, _ = two_segments
    damage(index)
    store = open_store(root)
    assert known(store, range(20)) == list(range(10, 20))
    fill(store, range(10))
    store.close()
    assert_holds(open_store(root), range(20))


def test_files_from_elsewhere_are_not_believed(two_segments):
    root, index, data = two_segments
    other = open_store(root, decoder=2)
    for path in (index, data):  # another setting's
        (other.folder / path.name).write_bytes(path.read_bytes())
    name = "0" * 32  # under another name
    (data.parent / f"{name}.bin").write_bytes(data.read_bytes())
    (data.parent / f"{name}.npy").write_bytes(index.read_bytes())
    np.save(data.parent / "mine.npy", np.arange(5))
    assert len(open_store(root, decoder=2)) == 0
    assert len(open_store(root)) == 20


def test_swapped_data_of_equal_length_is_not_believed(tmp_path):
    with open_store(tmp_path) as store:
        fill(store, [1])
        store.commit()
        fill(store, [14])  # as long as item 1
    one, other = segments(store, ".bin")
    one_content, other_content = one.read_bytes(), other.read_bytes()
    assert len(one_content) == len(other_content)
    one.write_bytes(other_content)
    other.write_bytes(one_content)
    assert len(open_store(tmp_path)) == 0


def zero(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def zero_contents(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(cache.SEAL_BYTES)
        file.write(bytes(path.stat().st_size - cache.SEAL_BYTES))


@pytest.mark.parametrize("opened", [False, True], ids=["before", "in use"])
@pytest.mark.parametrize("damage", [cut, empty, zero, zero_contents, flip, Path.unlink])
def test_damaged_contents_are_refused_until_they_are_made_anew(two_segments, damage, opened):
    root, _, data = two_segments
    store = open_store(root)
    if opened:
        assert_holds(store, [15])  # of the other segment
    damage(data)
    items = store.positions(digests(range(20)))
    lost = store.damaged(items)
    assert len(lost) > 0 and set(lost) <= set(items[:10])
    with pytest.raises(DamagedItems, match=r"damaged while in use: .* Run again"):
        store.gather(items)
    fresh = open_store(root)  # another process sees only what is whole
    unknown = set(range(20)) - set(known(fresh, range(20)))
    assert unknown >= {number for number, item in enumerate(items) if item in lost}
    assert_holds(fresh, known(fresh, range(20)))
    fill(store, range(20))
    assert (store.positions(digests(range(20))) == items).all()
    assert_holds(store, range(20))
    store.close()
    with open_store(root) as later:
        assert_holds(later, [number for number, item in enumerate(items) if item in lost])
        fill(later, range(20))  # of a file that was cut nothing is believed
    assert_holds(open_store(root), range(20))


def test_a_file_that_is_cut_in_use_ends_no_process(two_segments):
    root, _, data = two_segments
    with open_store(root) as store:
        assert_holds(store, range(20))
        os.truncate(data, 0)  # a map of it would end the process now
        with pytest.raises(DamagedItems) as error:
            store.gather(store.positions(digests(range(20))))
        assert sorted(error.value.items) == sorted(store.positions(digests(range(10))))


def test_a_cache_that_is_deleted_in_use_is_made_again(two_segments):
    root, _, _ = two_segments
    with open_store(root) as store:
        shutil.rmtree(store.folder)
        assert len(store.damaged(store.positions(digests(range(20))))) == 20
        fill(store, range(20))
    assert_holds(open_store(root), range(20))


def test_old_drafts_are_removed_and_young_ones_left(tmp_path):
    folder = open_store(tmp_path).folder
    old, young = folder / "a.npy.1.tmp", folder / "b.npy.2.tmp"
    old.touch()
    young.touch()
    os.utime(old, (0, 0))
    open_store(tmp_path)
    assert not old.exists() and young.exists()


# Full disks


FILL_UNTIL_FULL = """
store = open_store(root)
fill(store, range(20)); store.commit()
number = 20
try:
    while True:
        store.add(digest(number), np.full((2000, 4), number, np.float16)); number += 1
except DataError as error:
    print(error)
assert_holds(store, range(20))
try:
    store.close()
except DataError as error:
    print(error)
print(number)
"""


def check_after_full(root: Path, output: str) -> None:
    lines = output.strip().splitlines()
    assert "bytes are needed" in lines[0] and "bytes are free" in lines[0]
    assert "TORSO_CACHE" in lines[0] and "What was stored before is kept" in lines[0]
    assert str(open_store(root).folder) in lines[0]
    added = int(lines[-1])
    store = open_store(root)
    assert added > 25, "some did fit"
    assert_holds(store, range(20))
    found = [number for number in known(store, range(added + 1)) if number >= 20]
    for number in found:
        values, lengths = store.gather(store.positions(digests([number])))
        assert lengths.tolist() == [2000] and (values == number).all()
    names = {path.stem for path in segments(store, ".npy")}
    assert {path.stem for path in segments(store, ".bin")} == names
    assert not segments(store, ".tmp")


def test_a_full_disk_loses_nothing_committed(tmp_path):
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(tmp_path)]
    if not hasattr(os, "geteuid") or os.geteuid() or subprocess.run(mount, check=False).returncode:
        pytest.skip("only root may mount a small disk")
    try:
        output = finish(start_writer(tmp_path, FILL_UNTIL_FULL))
        check_after_full(tmp_path, output)
    finally:
        subprocess.run(["umount", "-l", str(tmp_path)], check=True)


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")
def test_a_file_size_limit_is_met_like_a_full_disk(tmp_path):
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
    output = finish(start_writer(tmp_path, limit + FILL_UNTIL_FULL))
    check_after_full(tmp_path, output)


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")
def test_an_index_that_does_not_fit_is_reported_and_leaves_nothing(tmp_path):
    body = """
import resource
store = open_store(root)
fill(store, range(20)); store.commit()
fill(store, range(20, 30))
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
for attempt in (store.commit, store.close):
    try:
        attempt()
    except DataError as error:
        print(error)
    assert_holds(store, range(30 if attempt == store.commit else 20))
"""
    output = finish(start_writer(tmp_path, body))
    assert output.count("takes no more data") == 1
    store = open_store(tmp_path)
    assert len(store) == 20 and len(segments(store, ".bin")) == 1
    assert_holds(store, range(20))


def test_an_error_inside_the_block_is_not_hidden_by_a_failing_commit(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("torso.cache.segments.replace_file", refuse)
    with pytest.raises(ZeroDivisionError), open_store(tmp_path) as store:
        fill(store, [1])
        raise ZeroDivisionError
    with pytest.raises(DataError, match="No space left"), open_store(tmp_path) as store:
        fill(store, [1])
    assert not segments(store, ".bin")


# What is refused


def test_a_root_that_cannot_be_made_says_what_to_do(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"Cannot make the cache folder .*TORSO_CACHE"):
        open_store(tmp_path / "file")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write all")
def test_a_read_only_folder_is_read_and_not_written(tmp_path):
    with open_store(tmp_path) as store:
        fill(store, [1])
    store.folder.chmod(0o555)
    try:
        store = open_store(tmp_path)
        assert_holds(store, [1])
        with pytest.raises(DataError, match="could not be written"):
            fill(store, [2])
    finally:
        store.folder.chmod(0o755)


def test_a_folder_that_cannot_be_written_says_so(tmp_path):
    store = open_store(tmp_path)
    (store.folder / "settings.json").unlink()
    store.folder.rmdir()
    store.folder.touch()
    with pytest.raises(DataError, match=r"Cannot make the cache folder .*TORSO_CACHE"):
        fill(store, [1])


def test_wrong_arguments(tmp_path):
    store = open_store(tmp_path)
    with pytest.raises(ValueError, match="`digest` should be 16 bytes"):
        store.add(b"short", features(1))
    with pytest.raises(ValueError, match="`array` should be float16"):
        store.add(digest(1), features(1).astype(np.float32))
    with pytest.raises(ValueError, match="`array` should be float16"):
        store.add(digest(1), features(1)[:, :3])
    with pytest.raises(ValueError, match="Keys should be"):
        store.positions(np.zeros((2, 8), np.uint8))
    with pytest.raises(ValueError, match="every size in `tail`"):
        FeatureStore(tmp_path, {}, np.float16, (0,))
    with pytest.raises(ConfigError, match="JSON"):
        FeatureStore(tmp_path, {"size": object()}, np.float16)


def test_the_root_is_named_by_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("TORSO_CACHE", str(tmp_path / "here"))
    assert cache_root() == tmp_path / "here"
    monkeypatch.delenv("TORSO_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_root() == tmp_path / ".cache" / "torso"
