"""A sharing in pieces over two processes (FSDP2) gives the numbers of the whole one."""

import os
import subprocess
import sys

from tests.places import ROOT


def test_two_processes_with_half_the_parameters_give_the_same(tmp_path):
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-m", "tests.sharing.sharded_worker"]
    running = [
        subprocess.Popen(
            [*command, str(rank), str(tmp_path)],
            cwd=ROOT,
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in (0, 1)
    ]
    errors = [process.communicate(timeout=120)[1] for process in running]
    assert [process.returncode for process in running] == [0, 0], "\n".join(errors)
