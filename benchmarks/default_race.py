"""Is the default encoder of each form the best one? Every encoder from scratch alone, and the whole default run.

    OMP_NUM_THREADS=1 python benchmarks/default_race.py --seeds 0 1 2 [--sets stamps emoji mosi adult]
    python benchmarks/default_race.py --show       # the verdicts again, from what is there

Each race gives one modality of a data set to every encoder that reads it, and asks one target. Beside them stands the
run with all modalities of the set and nothing chosen by hand (`everything`), which should not be surely behind the best
of the single encoders. So that a race is a matter of minutes on one core, there are fewer rows (`ROWS`), pictures of
32 pixels and 12 epochs (the default is 40, and so it is on mosi) for all. A seed draws the rows, the split
(groups stay whole) and the weights, the same for all choices of a race. Three tenths of the rows are the test; those
of mosi are given. Intervals are 95 % t-intervals over the seeds, `over_default` of paired differences. Each fit is
written to results/default_race.json as soon as it is done, and one that stands there is not made again.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from reports import read_report, write_report
from small_training import circumstances, interval, paired_interval

import torso

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "examples"))
import adult as adult_example  # noqa: E402
import mosi as mosi_example  # noqa: E402
import talking_stamps as stamps_example  # noqa: E402
from _data import data_folder  # noqa: E402

ROWS = {"stamps": 1_200, "emoji": 1_923, "mosi": 2_199, "adult": 6_000}
EVERYTHING = "everything"


@dataclass(frozen=True)
class Race:
    """One modality, one question, and who may answer.

    Attributes:
        inputs: columns and their kinds.
        target: the one column to answer.
        choices: name -> settings of a run; the first is the default, and no settings at all.
    """

    inputs: Mapping[str, Any]
    target: str
    choices: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: {"default": {}})


@dataclass(frozen=True)
class Set:
    """A data set.

    Attributes:
        read: seed -> its rows.
        config: of all its runs.
        races: by name; `everything` gives all modalities.
    """

    read: Callable[[int], pd.DataFrame]
    config: Mapping[str, Any]
    races: Mapping[str, Race]


def stamps(seed: int) -> pd.DataFrame:
    """Return spoken stamps."""
    table = stamps_example.stamps(data_folder("talking_stamps"))
    return table.sample(ROWS["stamps"], random_state=seed)


def emoji(seed: int) -> pd.DataFrame:
    """Return emoji; a drawing that a vendor lacks is an empty cell."""
    del seed
    table = pd.read_csv(data_folder("emoji") / "emoji.csv", keep_default_na=False)
    table = table.rename(columns={"label": "text"})
    for vendor in ("twemoji", "noto"):
        drawn = table.vendors.str.contains(vendor)
        table[vendor] = ("images/" + table.key + f".{vendor}.webp").where(drawn)
    return table


def mosi(seed: int) -> pd.DataFrame:
    """Return utterances."""
    del seed
    return mosi_example.read(data_folder("mosi"))


def adult(seed: int) -> pd.DataFrame:
    """Return people of the training file."""
    table = adult_example.read(data_folder("adult") / "adult-train.csv.gz")
    return table.sample(ROWS["adult"], random_state=seed, ignore_index=True)


def of(modality: str, *names: str) -> dict[str, dict[str, Any]]:
    """Return the default and choices that only name the encoder of a modality."""
    return {"default": {}, **{name: {f"encoders.{modality}": name} for name in names}}


TEXTS = of("text", "transformer", "ngrams") | {
    f"{name}, 500 tokens": {
        "encoders.text": name,
        "inputs.text.vocabulary": 500,
        "inputs.text.length": 160,
    }
    for name in ("ngrams", "transformer")
}
PICTURE = {"kind": "image", "size": 32}
PYRAMID = {"type": "pyramid", "tokens": 1, "jitter": 0.5}
NUMBERS = ("age", "fnlwgt", "education_num", "capital_gain", "capital_loss", "hours_per_week")
WORDS = ("workclass", "education", "marital_status", "occupation", "relationship", "race", "sex")


def pictures(column: str) -> dict[str, dict[str, Any]]:
    """Return the choices of a column of pictures."""
    return of(column, "convnet", "vit") | {"pyramid, 1 token": {f"encoders.{column}": PYRAMID}}


def sets() -> dict[str, Set]:
    """Return all sets."""
    seen = stamps_example.inputs(data_folder("talking_stamps")) | {"text": {"kind": "text"}}
    seen["image"] = {**seen["image"], **PICTURE}
    split = {"test": 0.3}
    twelve = {"training": {"epochs": 12}}
    drawn = dict.fromkeys(("twemoji", "noto"), PICTURE)
    root = [str(data_folder("emoji") / "images.zip")]
    senses = [*mosi_example.SENSES, "context"]
    return {
        "stamps": Set(
            stamps,
            {"data": {"split": {**split, "group": "id"}}} | twelve,
            {
                "text": Race({"text": "text"}, "category", TEXTS),
                "image": Race({"image": seen["image"]}, "category", pictures("image")),
                "audio": Race(
                    {"audio": seen["audio"]}, "lang", of("audio", "convnet", "conformer")
                ),
                EVERYTHING: Race(
                    {name: seen[name] for name in ("text", "image", "audio")}, "category"
                ),
                f"{EVERYTHING}: language": Race(
                    {name: seen[name] for name in ("text", "image", "audio")}, "lang"
                ),
            },
        ),
        "emoji": Set(
            emoji,
            {"data": {"root": root, "split": {**split, "group": "key"}}} | twelve,
            {
                "text": Race({"text": "text"}, "group", TEXTS),
                "image": Race({"twemoji": PICTURE}, "group", pictures("twemoji")),
                EVERYTHING: Race({"text": "text", **drawn}, "group"),
            },
        ),
        "mosi": Set(
            mosi,
            mosi_example.CONFIG,
            {
                **{sense: Race({sense: {}}, "sentiment") for sense in senses},
                EVERYTHING: Race(
                    {sense: {} for sense in senses},
                    "sentiment",
                    {
                        "default": {},
                        "nothing hidden": {"training.modality_dropout": 0.0},
                        "late product": {"fusion": {"type": "late", "rule": "product"}},
                    },
                ),
            },
        ),
        "adult": Set(
            adult,
            {"data": {"missing": ["?"], "split": split}} | twelve,
            {
                "numbers": Race(
                    {name: {} for name in NUMBERS},
                    "income",
                    of("numbers", "piecewise", "periodic")
                    | {
                        "piecewise, not linear": {
                            "encoders.numbers": {"type": "piecewise", "linear": False}
                        }
                    },
                ),
                "categories": Race({name: {} for name in WORDS}, "income"),
                EVERYTHING: Race({name: {} for name in (*NUMBERS, *WORDS)}, "income"),
            },
        ),
    }


def fit(table: pd.DataFrame, one: Set, race: str, choice: str, seed: int) -> dict[str, Any]:
    """Return what one fit came to."""
    asked = one.races[race]
    began = time.process_time()
    run = torso.fit(
        table,
        [asked.target],
        inputs=asked.inputs,
        config=one.config,
        settings={"seed": seed, **asked.choices[choice]},
    )
    report = run.reports[asked.target]
    chosen = {name: spec["type"] for name, spec in run.config.encoders.items()}
    return {
        "race": race,
        "choice": choice,
        "seed": seed,
        "encoders": chosen,
        "metric": report.headline,
        "score": report.metrics[report.headline].value,
        "cpu_s": round(time.process_time() - began, 1),
    }


def chosen_anyway(fits: list[dict[str, Any]], race: str, choice: str, seed: int) -> bool:
    """Return whether a choice is what the default came to, which has run."""
    return any(
        (one["race"], one["choice"], one["seed"]) == (race, "default", seed)
        and [*one["encoders"].values()] == [choice]
        for one in fits
    )


def verdict(fits: list[dict[str, Any]], one: Set) -> dict[str, Any]:
    """Return race -> choice -> score, and lead over the default and over everything, on the same seeds."""
    scores: dict[tuple[str, str], dict[int, float]] = {}
    for found in fits:
        scores.setdefault((found["race"], found["choice"]), {})[found["seed"]] = found["score"]
    out: dict[str, Any] = {}
    for (race, choice), values in scores.items():
        target = one.races[race].target
        whole = next(
            (name for name, other in one.races.items() if EVERYTHING in name and other.target == target), ""
        )  # fmt: skip
        same = [found for found in fits if (found["race"], found["choice"]) == (race, choice)]
        out.setdefault(race, {})[choice] = {
            "target": target,
            "metric": same[0]["metric"],
            "encoders": same[0]["encoders"],
            "score": interval([*values.values()]),
            "over_default": paired_interval(values, scores.get((race, "default"), {})),
            "over_everything": paired_interval(values, scores.get((whole, "default"), {})),
            "cpu_s": float(np.mean([found["cpu_s"] for found in same])),
        }
    return out


def main() -> None:
    known = sets()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--sets", nargs="+", choices=known, default=list(known))
    parser.add_argument("--races", nargs="+", help="only these races of the sets")
    parser.add_argument("--choices", nargs="+", help="only these choices of the races")
    parser.add_argument("--show", action="store_true", help="no runs: judge what is there")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "default_race.json")
    options = parser.parse_args()
    report = read_report(options.out)
    report |= circumstances(Path(__file__)) | {"rows": ROWS}
    for name in options.sets:
        one = known[name]
        fits = report.setdefault(name, {}).setdefault("fits", [])
        done = {(found["race"], found["choice"], found["seed"]) for found in fits}
        wanted = [
            (race, choice, seed)
            for race, asked in one.races.items()
            if not options.races or race in options.races
            for choice in asked.choices
            if not options.choices or choice in options.choices
            for seed in options.seeds
            if (race, choice, seed) not in done
        ]
        for race, choice, seed in [] if options.show else wanted:
            if chosen_anyway(fits, race, choice, seed):
                continue
            fits.append(fit(one.read(seed), one, race, choice, seed))
            print(name, fits[-1], flush=True)
            report[name]["verdict"] = verdict(fits, one)
            write_report(options.out, report)
        report[name]["verdict"] = verdict(fits, one)
    write_report(options.out, report)


if __name__ == "__main__":
    main()
