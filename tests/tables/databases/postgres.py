"""A PostgreSQL of its own on a socket in a folder, for as long as a test module runs."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

__all__ = ["postgres"]


@contextmanager
def postgres() -> Iterator[str]:
    """Yield the address of an empty database; skip the test where PostgreSQL is absent."""
    if shutil.which("initdb") is None or shutil.which("pg_ctl") is None:
        pytest.skip("PostgreSQL (initdb, pg_ctl) is not on PATH")
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # a socket's path has at most 107 characters
    user = _user(folder)
    options = f"-c listen_addresses='' -k {folder} -c fsync=off"
    data = folder / "data"
    try:
        _run(user, folder, "initdb", "-D", data, "-A", "trust", "-U", "torso", "--no-sync")
        _run(user, folder, "pg_ctl", "-D", data, "-w", "-o", options, "-l", folder / "log", "start")
        try:
            yield f"postgresql://torso@/postgres?host={folder}"
        finally:
            _run(user, folder, "pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _user(folder: Path) -> str | None:
    """Return the user to start it as, which may not be root."""
    if os.geteuid():
        return None
    try:
        own = pwd.getpwnam("postgres")
    except KeyError:
        pytest.skip("PostgreSQL does not start as root, and there is no user postgres")
    os.chown(folder, own.pw_uid, own.pw_gid)
    return "postgres"


def _run(user: str | None, folder: Path, *command: object) -> None:
    words = [str(word) for word in command]
    done = subprocess.run(
        words, cwd=folder, user=user, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
