"""Put the measured figures into README.md and docs/, between `<!-- results:NAME -->` and `<!-- /results -->`.

    python benchmarks/readme.py
    COLUMNS=100 torso demo > demo.txt; python benchmarks/readme.py --demo demo.txt

Nobody types a figure: they come from results/*.json, and the demo's from what it printed. What a page shows of them,
and how, is in shown/, a module per topic.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

from shown import PAGES, REPORTS
from shown.front import demo

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent


def fill(page: Path, blocks: dict[str, str]) -> None:
    """Replace what stands between the marks of each block."""
    text = page.read_text(encoding="utf-8")
    for name, shown in blocks.items():
        text = re.sub(
            rf"<!-- results:{name} -->.*?<!-- /results -->",
            lambda _, n=name, b=shown: f"<!-- results:{n} -->\n{b}\n<!-- /results -->",
            text,
            flags=re.DOTALL,
        )
    page.write_text(text, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--demo", type=Path, help="what `torso demo` printed")
    options = parser.parse_args()
    if options.demo:
        fill(ROOT / "README.md", {"demo": demo(options.demo.read_text(encoding="utf-8"))})
    for page, renders in PAGES.items():
        reports = {name: HERE / "results" / f"{REPORTS.get(name, name)}.json" for name in renders}
        fill(
            ROOT / page,
            {
                name: render(json.loads(reports[name].read_text()))
                for name, render in renders.items()
                if reports[name].exists()
            },
        )


if __name__ == "__main__":
    main()
