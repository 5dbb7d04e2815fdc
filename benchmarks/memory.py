"""Does the memory of `fit` grow with the rows? Three fits of one epoch, at 1, 4 and 16 times the rows.

    python benchmarks/memory.py

Every picture becomes 96 x 96 x 3 bytes of features and every tone 13 x 64 half floats, so features held in
memory would show: the JSON names what they weigh. Each fit is a process of its own, with a cold cache. The
peak is sampled every 20 ms: `anonymous` is memory that the process owns, `total` counts the mapped pages of
the cache too, which the system takes back when it needs them. Linux only. Writes results/memory.json.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from reports import write_report

HERE = Path(__file__).resolve().parent
FEATURE_BYTES = 96 * 96 * 3 + 13 * 64 * 2


class Peak(threading.Thread):
    """Samples this process's memory."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = {"RssAnon": 0, "VmRSS": 0}

    def run(self) -> None:
        while True:
            for line in Path("/proc/self/status").read_text().splitlines():
                name, _, rest = line.partition(":")
                if name in self.peak:
                    self.peak[name] = max(self.peak[name], int(rest.split()[0]) * 1024)
            time.sleep(0.02)


def child(folder: Path, rows: int) -> None:
    """Make the table in one process and fit in another, so that making it does not count."""
    import torso
    from torso.app.demo.digits import TARGETS, make
    from torso.tables import read_table

    if not (folder / "table.csv").exists():
        make(folder, rows)
        return
    peak = Peak()
    peak.start()
    torso.fit(
        folder / "table.csv",
        TARGETS,
        settings=[
            "inputs.image.size=96",
            "dim=16",
            "encoders.image={type: convnet, width: 4}",
            "encoders.audio={type: convnet, width: 16}",
            "training.epochs=1",
            f"data.cache={folder / 'cache'}",
        ],
    )
    time.sleep(0.05)
    print(
        json.dumps(
            {
                "rows": rows,
                "anonymous_mib": peak.peak["RssAnon"] / 2**20,
                "total_mib": peak.peak["VmRSS"] / 2**20,
                "table_mib": read_table(folder / "table.csv").data.nbytes / 2**20,
                "features_mib": rows * FEATURE_BYTES / 2**20,
            }
        )
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--child", type=Path)
    options = parser.parse_args()
    if options.child:
        child(options.child, options.rows)
        return
    fits = []
    for scale in (1, 4, 16):
        with tempfile.TemporaryDirectory() as folder:
            command = [
                sys.executable,
                __file__,
                "--child",
                folder,
                "--rows",
                str(scale * options.rows),
            ]
            subprocess.run(command, check=True)
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            fits.append(json.loads(done.stdout.splitlines()[-1]))
            print(fits[-1])
    first, last = fits[0], fits[-1]
    growth = last["anonymous_mib"] - first["anonymous_mib"]
    report = {
        "command": f"python benchmarks/memory.py --rows {options.rows}",
        "fits": fits,
        "growth_anonymous_mib": growth,
        "growth_table_mib": last["table_mib"] - first["table_mib"],
        "growth_features_mib": last["features_mib"] - first["features_mib"],
        "bytes_per_further_row": growth * 2**20 / (last["rows"] - first["rows"]),
    }
    write_report(HERE / "results" / "memory.json", report)
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
