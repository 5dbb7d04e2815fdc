import os

import numpy as np
import pytest

from torso.cache import stamps
from torso.cache.stamps import StampMemo
from torso.core.errors import DataError


def keys(numbers, salt: int = 0) -> np.ndarray:
    raw = np.zeros((len(numbers), 2), np.uint64)
    raw[:, 0], raw[:, 1] = numbers, salt
    return raw.view(np.uint8).reshape(-1, 16)


def add(memo: StampMemo, numbers) -> None:
    for stamp, digest in zip(keys(numbers), keys(numbers, salt=7), strict=True):
        memo.add(stamp.tobytes(), digest.tobytes())


def test_known_stamps_give_their_digest_and_others_zeros(tmp_path):
    memo = StampMemo(tmp_path)
    add(memo, range(10))
    digests, found = memo.lookup(keys([3, 99, 0]))
    assert found.tolist() == [True, False, True]
    np.testing.assert_array_equal(digests[[0, 2]], keys([3, 0], salt=7))
    assert not digests[1].any()
    assert memo.lookup(keys([]))[0].shape == (0, 16)


def test_committed_stamps_survive_and_others_do_not(tmp_path):
    with StampMemo(tmp_path) as memo:
        add(memo, range(10))
        memo.commit()
        memo.commit()
        add(memo, range(5, 15))
    lost = StampMemo(tmp_path)
    add(lost, range(15, 20))
    _, found = StampMemo(tmp_path).lookup(keys(range(20)))
    assert found.tolist() == [True] * 15 + [False] * 5
    assert len(list(memo.folder.glob("*.npy"))) == 2


def test_many_stamps_commit_themselves(tmp_path, monkeypatch):
    monkeypatch.setattr(stamps, "_MOST_PENDING", 100)
    monkeypatch.setattr("torso.cache.keys._MOST_RECENT", 64)
    memo = StampMemo(tmp_path)
    add(memo, range(1050))
    assert memo.lookup(keys(range(1050)))[1].all()
    digests, found = StampMemo(tmp_path).lookup(keys(range(1050)))
    assert found.sum() == 1000
    np.testing.assert_array_equal(digests[found], keys(range(1000), salt=7))


def test_two_writers_add_up(tmp_path):
    with StampMemo(tmp_path) as one, StampMemo(tmp_path) as other:
        add(one, range(10))
        add(other, range(5, 15))
    assert StampMemo(tmp_path).lookup(keys(range(15)))[1].all()


@pytest.mark.parametrize("damage", [b"", b"\x00" * 2000])
def test_a_damaged_file_is_not_believed(tmp_path, damage):
    with StampMemo(tmp_path) as memo:
        add(memo, range(10))
    (path,) = memo.folder.glob("*.npy")
    path.write_bytes(damage)
    assert len(StampMemo(tmp_path)) == 0


def test_a_failed_commit_is_one_clear_error(tmp_path, monkeypatch):
    with StampMemo(tmp_path) as memo:
        add(memo, range(10))

    def refuse(*_, **__):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(stamps, "write_index", refuse)
    with pytest.raises(DataError, match="TORSO_CACHE"), StampMemo(tmp_path) as memo:
        add(memo, range(20))
    with pytest.raises(ZeroDivisionError), StampMemo(tmp_path) as memo:
        add(memo, range(20))
        raise ZeroDivisionError
    assert len(StampMemo(tmp_path)) == 10


def test_wrong_arguments(tmp_path):
    with pytest.raises(ValueError, match="16 bytes each"):
        StampMemo(tmp_path).add(b"short", b"x" * 16)
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="TORSO_CACHE"):
        StampMemo(tmp_path / "file")
