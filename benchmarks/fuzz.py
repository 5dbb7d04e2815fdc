"""Every border of Torso under changed, cut and drawn inputs: each is read or refused with an error of Torso's own.

    python benchmarks/fuzz.py --cases 1000000            # until there are as many, kept in results/fuzz.json
    python benchmarks/fuzz.py --seconds 60               # a minute of all borders: `make fuzz`
    python benchmarks/fuzz.py --border "read csv" --cases 20000 --seed 3
    python benchmarks/fuzz.py --border "read csv" --guided --seconds 60   # atheris, guided by coverage
    python benchmarks/fuzz.py --again build/fuzz/FILE    # a failing case once more, with its traceback

A case is made of the border's name, the seed and its number, so it is the same on every machine. It is tried in a
forked child, which may take 10 CPU seconds for it and 500 MB beyond what it started with. A failing case is kept as
`build/fuzz/BORDER-SEED-NUMBER`, and beside it what is left of it when all that does not matter is cut away.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from reports import read_report, write_report

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # tests make the small run

HERE = Path(__file__).resolve().parent
KEPT = HERE.parent / "build" / "fuzz"


def options_of(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--border", action="append", help="only these; default: all")
    parser.add_argument("--cases", type=int, help="of all borders together")
    parser.add_argument("--seconds", type=float, help="of all borders together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--guided", action="store_true", help="by atheris; one border")
    parser.add_argument("--again", type=Path, help="a file of a failing case")
    parser.add_argument("--keep", type=Path, default=KEPT, help="folder for failing cases")
    parser.add_argument("--out", type=Path, help="file of the figures")
    return parser.parse_args(arguments)


def main() -> None:
    options = options_of()
    if options.guided:
        from fuzzing.guided import guided

        guided(options.border[0], options.seconds or 60, options.seed, options.keep)
        return
    from fuzzing.borders import BORDERS
    from fuzzing.report import tried_all

    with TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        if options.again:
            name = options.again.name.rsplit("-", 2)[0].replace("_", " ")
            BORDERS[name](Path(folder)).try_case(options.again.read_bytes())
            print("read, or refused")
            return
        figures = tried_all(options, Path(folder))
    if options.out:
        report = read_report(options.out)
        write_report(options.out, {**report, f"seed {options.seed}": figures})
    sys.exit(1 if figures["failures"] else 0)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
