"""Kinds of columns as `inspect` guesses them, beside the kinds that a person wrote down.

    python benchmarks/reading.py            # all sets in $TORSO_DATA
    python benchmarks/reading.py --sets exam/cheese adult --all

A column agrees if both say the same, or two readings of one thing: a binary or ordinal column is a category, a `name`
is a category and a text, a `set` is a multilabel column, a count is a number, and two numbers are binary. A column that
Torso leaves out agrees only where the table says so, or where all cells say the same. Every other column is listed; `DEFENDED` says in a line why Torso's
kind serves better, and `results/reading.json` keeps both. For the exam tables the kinds are those of `spec.json`; for
the other sets they are written below, from each set's README.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import os
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import process_time

import pandas as pd
from defended import DEFENDED
from reports import write_report

from torso.inference import inspect_table
from torso.tables import read_table

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("TORSO_DATA", HERE.parents[1] / "shared" / "data"))
FAMILIES = (
    {"category", "binary", "ordinal", "name"},
    {"text", "name"},
    {"set", "multilabel"},
    {"number", "count", "binary"},
)
ADULT = (
    "age:number workclass education education_num:number marital_status occupation relationship race sex "
    "capital_gain:number capital_loss:number hours_per_week:number native_country income:target"
)
CENSUS_NUMBERS = [
    "age",
    "wage_per_hour",
    "capital_gains",
    "capital_losses",
    "stock_dividends",
    "instance_weight",
    "num_emp",
    "weeks_worked",
]
EMOJI = (
    "hexcode:left emoji:left label:text tags:set group:target subgroup version:number order:left "
    "skin_tone_support:binary gendered:binary emoticon:text openmoji_year:number key:left vendors:set"
)
STAMPS = (
    "id:left category:target subcategory cartoon:binary vector:binary colorable:binary tintable:binary noflip:binary "
    "nomirror:binary image:image sound_effect:audio sfx_seconds:number text_en:text"
)
CLIPS = "id:left lang:target text:text audio:audio seconds:number"
MOSI = "uid:left video segment:number split text:text sentiment:target"


@dataclass(frozen=True)
class Expected:
    """A table with the kind of each column as a person reads it.

    Attributes:
        source: for `read_table`.
        inputs: column -> kind; `left` for one that identifies a row.
        targets: column -> kind.
        roots: of its files.
    """

    source: object
    inputs: Mapping[str, str]
    targets: Mapping[str, str]
    roots: tuple[Path, ...] = ()


def written(line: str, targets: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return inputs and targets of a line such as `age:number sex income:target`; no kind means category."""
    kinds = dict((*part.split(":"), "category")[:2] for part in line.split())
    inputs = {name: kind for name, kind in kinds.items() if kind != "target"}
    return inputs, {name: targets[name] for name in kinds if name not in inputs}


def exam(name: str) -> Expected:
    """Return an exam table."""
    folder = DATA / "exam" / name
    spec = json.loads((folder / "spec.json").read_text())
    kinds = {
        task: kind["kind"] if isinstance(kind, dict) else kind
        for task, kind in spec["targets"].items()
    }
    media = tuple(folder / file for file in ("images.zip", "audio.zip") if (folder / file).exists())
    return Expected(folder / "train.csv", spec["inputs"], kinds, media)


def frames() -> Iterator[tuple[str, Expected]]:
    """Yield the other sets."""
    inputs, targets = written(ADULT, {"income": "binary"})
    header = [part.split(":")[0] for part in ADULT.split()]
    header.insert(2, "fnlwgt")
    adult = pd.read_csv(DATA / "adult/adult-train.csv.gz", header=None, names=header, dtype=str)
    yield "adult", Expected(adult, {"fnlwgt": "number", **inputs}, targets)
    names = (DATA / "census_income_kdd/header.txt").read_text().strip().split(",")
    census = pd.read_csv(
        DATA / "census_income_kdd/census-income.test.gz", header=None, names=names, dtype=str
    )
    kinds = {name: "number" if name in CENSUS_NUMBERS else "category" for name in names[:-1]}
    yield "census_income_kdd", Expected(census, kinds, {"income_50k": "binary"})
    emoji = DATA / "emoji/emoji.csv"
    inputs, targets = written(EMOJI, {"group": "category"})
    languages = [name for name in read_table(emoji).names if name.startswith("label_")]
    yield "emoji", Expected(emoji, {**inputs, **dict.fromkeys(languages, "text")}, targets)
    stamps = DATA / "talking_stamps"
    roots = (stamps / "images.zip", stamps / "audio.zip")
    yield (
        "talking_stamps/stamps",
        Expected(stamps / "stamps.csv", *written(STAMPS, {"category": "category"}), roots),
    )
    yield (
        "talking_stamps/clips",
        Expected(stamps / "clips.csv", *written(CLIPS, {"lang": "category"}), roots),
    )
    yield "mosi", Expected(DATA / "mosi/utterances.csv", *written(MOSI, {"sentiment": "binary"}))
    archive = zipfile.ZipFile(DATA / "fsdd/recordings.zip")
    files = [file for file in archive.namelist() if file.endswith(".wav")]
    digit, speaker, _ = zip(*(Path(file).stem.split("_") for file in files), strict=True)
    spoken = {"audio": files, "digit": [*map(int, digit)], "speaker": speaker}
    yield (
        "fsdd",
        Expected(
            spoken,
            {"audio": "audio"},
            {"digit": "category", "speaker": "category"},
            (DATA / "fsdd/recordings.zip",),
        ),
    )
    for name in ("mnist", "fashion_mnist"):
        packed = (DATA / name / "t10k-labels-idx1-ubyte.gz").read_bytes()
        labels = gzip.decompress(packed)[8:]
        rows = {"pixels": [[0.0, float(label)] for label in labels], "label": [*labels]}
        yield name, Expected(rows, {"pixels": "vector"}, {"label": "category"})


def mulan() -> Iterator[tuple[str, Expected]]:
    """Yield the sets of many numbers; a nominal attribute is a category."""
    from scipy.io import arff

    targets = {
        "andro": 6,
        "atp1d": 6,
        "atp7d": 6,
        "edm": 2,
        "enb": 2,
        "jura": 3,
        "oes10": 16,
        "oes97": 16,
    }
    targets |= {"osales": 12, "scpf": 3, "sf1": 3, "sf2": 3, "slump": 3, "wq": 14}
    for name, number in targets.items():
        text = (DATA / "mtr_mulan" / f"{name}.arff").read_text(errors="replace")
        values, meta = arff.loadarff(io.StringIO(text))
        frame = pd.DataFrame(values)
        kinds = {key: "number" if meta[key][0] == "numeric" else "category" for key in meta.names()}
        for key, kind in kinds.items():
            if kind == "category":
                frame[key] = frame[key].str.decode("utf-8")
        labels = list(kinds)[-number:]
        yield (
            f"mtr_mulan/{name}",
            Expected(
                frame,
                {key: kinds[key] for key in kinds if key not in labels},
                {key: kinds[key] for key in labels},
            ),
        )


def sets() -> Iterator[tuple[str, Expected]]:
    """Yield every set that lies in the data folder."""
    for folder in sorted((DATA / "exam").glob("*/spec.json")):
        yield f"exam/{folder.parent.name}", exam(folder.parent.name)
    yield from frames()
    yield from mulan()


def agrees(expected: str, guessed: str) -> bool:
    """Return whether two kinds say the same of a column."""
    return expected == guessed or any({expected, guessed} <= family for family in FAMILIES)


def compared(expected: Expected) -> list[dict[str, object]]:
    """Return a row per column: both kinds, and the reason that `inspect` gives."""
    table = read_table(expected.source)
    reports = inspect_table(table, [*expected.targets], roots=expected.roots)
    kinds = {**expected.inputs, **expected.targets}
    rows = []
    for report in reports:
        if report.name not in kinds:
            continue
        used = report.use or report.name in expected.targets
        guessed = report.kind if used and report.kind else "left"
        rows.append(
            {
                "column": report.name,
                "expected": kinds[report.name],
                "guessed": guessed,
                "agrees": agrees(kinds[report.name], guessed) or report.distinct < 2,
                "why": report.why,
            }
        )
    return rows


def main() -> None:
    """Compare, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="*", default=(), help="only these")
    parser.add_argument("--all", action="store_true", help="print the columns that agree, too")
    asked = parser.parse_args()
    began, results = process_time(), {}
    for name, expected in sets():
        if asked.sets and name not in asked.sets:
            continue
        rows = compared(expected)
        for row in rows:
            row["defence"] = "" if row["agrees"] else DEFENDED.get(name, {}).get(row["column"], "")
        results[name] = rows
        agreeing = sum(bool(row["agrees"]) for row in rows)
        print(f"{name}: {agreeing} of {len(rows)}")
        for row in rows:
            if asked.all or not row["agrees"]:
                sign = " " if row["agrees"] else "+" if row["defence"] else "-"
                print(
                    f"  {sign} {row['column']}: {row['guessed']}, expected {row['expected']} | {row['why']:.90}"
                )
    groups = {
        "exam tables": [name for name in results if name.startswith("exam/")],
        "other sets": [name for name in results if not name.startswith(("exam/", "mtr_mulan/"))],
        "mtr_mulan": [name for name in results if name.startswith("mtr_mulan/")],
        "all": list(results),
    }
    summary = {}
    for group, names in groups.items():
        rows = [row for name in names for row in results[name]]
        agreeing = sum(bool(row["agrees"]) for row in rows)
        undefended = [row["column"] for row in rows if not row["agrees"] and not row["defence"]]
        share = agreeing / max(1, len(rows))
        summary[group] = {
            "columns": len(rows),
            "agree": agreeing,
            "share": share,
            "undefended": undefended,
        }
        print(
            f"{group}: {agreeing} of {len(rows)} agree ({share:.1%}); {len(undefended)} without a defence"
        )
    if not asked.sets:
        for row in (row for rows in results.values() for row in rows):
            del row["why"]  # it may quote cells, and most of the tables carry no licence
        listed = {
            name: [row for row in rows if not row["agrees"]] for name, rows in results.items()
        }
        report = {
            "command": "python benchmarks/reading.py",
            "cpu_seconds": round(process_time() - began, 1),
            "summary": summary,
            "disagreements": {name: rows for name, rows in listed.items() if rows},
        }
        write_report(HERE / "results" / "reading.json", report)


if __name__ == "__main__":
    main()
