"""Command lines and Python in a process that lacks some packages: what a lean installation answers."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.places import ROOT, SOURCE
from tests.processes import Started

HIDE = """
import sys
from importlib.machinery import PathFinder

absent, find = set(sys.argv.pop(1).split(",")), PathFinder.find_spec
PathFinder.find_spec = lambda name, *rest: None if name.split(".")[0] in absent else find(name, *rest)
"""
NONE_YET = (
    "assert not absent & {name.split('.')[0] for name in sys.modules}, absent & {*sys.modules}"
)
COMMANDS = """
import json
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from torso.app.cli import main

said = []
for words in json.loads(sys.argv[1]):
    sys.argv, printed, code = ["torso", *words], StringIO(), 0
    try:
        with redirect_stdout(printed), redirect_stderr(printed):
            main()
    except SystemExit as end:
        code = end.code or 0
    said.append([code, printed.getvalue()])
print(json.dumps(said))
"""


def python_without(packages: Iterable[str], code: str, *words: str, folder: Path) -> str:
    """Return what `code` prints in a fresh interpreter that cannot import `packages`."""
    run = [sys.executable, "-c", HIDE + code, ",".join(packages), *words]
    paths = {"PYTHONPATH": os.pathsep.join([str(SOURCE), str(ROOT)])}
    done = subprocess.run(
        run, capture_output=True, text=True, check=False, cwd=folder, env=os.environ | paths
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def torso_without(
    packages: Sequence[str], lines: Sequence[Sequence[str]], *, folder: Path, forked: bool = False
) -> list[tuple[int, str]]:
    """Return exit code and output of each command line, all in one process that cannot import `packages`.

    Args:
        packages: that are absent.
        lines: words after `torso`.
        folder: where they are run.
        forked: from a process that has imported what needs none of the packages.
    """
    words = json.dumps([[str(word) for word in line] for line in lines])
    if forked:
        status, said = Started(
            "-c", HIDE + NONE_YET + COMMANDS, ",".join(packages), words, folder=folder
        ).wait()
        assert status == 0, said
        said = said.splitlines()[-1]
    else:
        said = python_without(packages, COMMANDS, words, folder=folder)
    return [(code, printed) for code, printed in json.loads(said)]
