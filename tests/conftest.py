"""No test reads or writes the cache of the person who runs it."""

from itertools import count

import pytest

NUMBERS = count()


@pytest.fixture(scope="session")
def caches(tmp_path_factory):
    return tmp_path_factory.mktemp("caches")


@pytest.fixture(autouse=True)
def cache_of_its_own(caches, monkeypatch):
    monkeypatch.setenv("TORSO_CACHE", str(caches / str(next(NUMBERS))))  # made when first used
    monkeypatch.delenv("TORSO_DEBUG", raising=False)
