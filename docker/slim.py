"""Takes from an environment what no answer needs: tests, headers, parts of libraries for other tasks, and pip.

    /torso/bin/python docker/slim.py

Run by the Python of the environment that is to become smaller. Whatever is named here and is not there is left out.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

PARTS = (
    # Remote procedure calls and cloud storage: tables are read from files. Query plans stay, since pyarrow itself links them.
    "pyarrow/libarrow_flight*",
    "pyarrow/_flight*",
    "pyarrow/libarrow_s3*",
    "pyarrow/_s3fs*",
    "pyarrow/include",
    "pyarrow/tests",
    # Tools that make and change graphs.
    "onnxruntime/transformers",
    "onnxruntime/tools",
    "onnxruntime/quantization",
    "onnxruntime/datasets",
    "onnxruntime/capi/libonnxruntime.so*",  # for programs in C: the Python module holds all of it
    # What compiles extensions of torch.
    "torch/include",
    "torch/bin/[!t]*",  # torch_shm_manager stays: the import looks for it
    "torch/bin/*test*",
    "torch/test",
    "torch/share",
    "torch/lib/*test*",
    # Downloads: the models are on the machine.
    "hf_xet*",
)
TESTS = ("numpy", "scipy", "sympy", "networkx", "mpmath")
"""Packages whose folders `tests` go."""


def main() -> None:
    """Delete, then let pip take itself off."""
    packages = Path(sysconfig.get_paths()["platlib"])
    doomed = [path for pattern in PARTS for path in packages.glob(pattern)]
    doomed += [path for name in TESTS for path in (packages / name).glob("**/tests")]
    for path in doomed:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    uninstall = [sys.executable, "-m", "pip", "uninstall", "--quiet", "--yes"]
    subprocess.run([*uninstall, "setuptools", "pip"], check=True)


if __name__ == "__main__":
    main()
