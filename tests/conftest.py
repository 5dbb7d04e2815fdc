"""No test reads or writes the cache of the person who runs it."""

import pytest


@pytest.fixture(autouse=True)
def cache_of_its_own(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("TORSO_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.delenv("TORSO_DEBUG", raising=False)
