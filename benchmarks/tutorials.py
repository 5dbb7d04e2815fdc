"""What the tutorials print: runs the blocks of a page as a reader would, and keeps the output of the shown ones.

    python benchmarks/tutorials.py
    python benchmarks/tutorials.py messy_csv

Writes results/tutorial_NAME.json; `python benchmarks/readme.py` puts the outputs into the page.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import re
import shlex
import subprocess
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path

from reports import write_report

HERE = Path(__file__).resolve().parent
DOCS = HERE.parent / "docs"
PAGES = {
    "messy_csv": DOCS / "tutorials" / "messy_csv.md",
    "talking_stamps": DOCS / "tutorials" / "talking_stamps.md",
    "chinese": DOCS / "zh" / "tutorial.md",
}
STEP = re.compile(
    r"^<!-- run(?:: needs (?P<needs>\w+))? -->\n```(?P<language>\w+)\n(?P<code>.*?)^```$"
    r"(?:\n\n<!-- results:(?P<name>\w+) -->)?",
    re.MULTILINE | re.DOTALL,
)
WIDTH = "104"


def outputs(page: Path) -> dict[str, str]:
    """Return block -> what the step before it printed, run in the current folder."""
    printed, names = {}, {}
    for step in STEP.finditer(page.read_text(encoding="utf-8")):
        if step["language"] == "python":
            with redirect_stdout(io.StringIO()) as shown:
                exec(compile(step["code"], page.name, "exec"), names)
            text = shown.getvalue()
        else:
            lines = step["code"].replace("\\\n", " ").splitlines()
            text = "".join(said(line) for line in lines)
        if step["name"]:
            printed[step["name"]] = text.rstrip() + "\n"
    return printed


def said(line: str) -> str:
    """Return what a command prints."""
    command = [sys.executable, "-m", *shlex.split(line)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return re.sub(r"[ \t]+$", "", done.stdout, flags=re.MULTILINE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pages", nargs="*", default=[*PAGES])
    options = parser.parse_args()
    os.environ |= {"COLUMNS": WIDTH, "OMP_NUM_THREADS": "1"}
    data = os.environ.get("TORSO_DATA") or HERE.parents[1] / "shared" / "data"
    for name in options.pages:
        with tempfile.TemporaryDirectory() as folder:
            here = Path(folder) / "here"
            here.mkdir()
            (Path(folder) / "shared").mkdir()
            (Path(folder) / "shared" / "data").symlink_to(data)
            os.chdir(here)
            report = {
                "command": f"python benchmarks/tutorials.py {name}",
                "machine": f"{platform.machine()}, one thread, beside other work",
                "outputs": outputs(PAGES[name]),
            }
            os.chdir(HERE)
        write_report(HERE / "results" / f"tutorial_{name}.json", report)
        print(json.dumps(report["outputs"], indent=1))


if __name__ == "__main__":
    main()
