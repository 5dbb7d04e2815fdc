"""Two processes that train together: started, waited for, and their errors shown."""

import os
import subprocess
import sys
from collections.abc import Sequence

from tests.places import ROOT


def start_two(module: str, *arguments: str) -> list[subprocess.Popen[str]]:
    """Start `python -m module RANK ARGUMENTS` for the ranks 0 and 1."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    return [
        subprocess.Popen(
            [sys.executable, "-m", module, str(rank), *arguments],
            cwd=ROOT,
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in (0, 1)
    ]


def wait_for(running: Sequence[subprocess.Popen[str]]) -> None:
    """Wait until all have ended; fail with what those wrote that failed."""
    errors = [process.communicate(timeout=120)[1] for process in running]
    assert [process.returncode for process in running] == [0] * len(running), "\n".join(errors)
