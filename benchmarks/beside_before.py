"""Is the default run, which blends plain models, anywhere worse than the network alone of before?

    OMP_NUM_THREADS=1 python benchmarks/beside_before.py --seeds 0 1 [--sets jura school "mosi: everything"]   # resumes
    python benchmarks/beside_before.py --show      # the verdict again, from what is there

Runs the default on the tables, rows and splits of `multi_target.py` (Mulan's fourteen sets, school, adult) and of the races
with all modalities of `default_race.py`, and sets its figures beside those that `results/multi_target.json` and
`results/default_race.json` kept of the same seeds, from before plain models were blended in. The figure is theirs, too:
aRRMSE (less is better), AUROC or accuracy. `lead` is positive where the default is better now; its interval is a 95 %
t-interval of the paired differences over the seeds, so it needs two of them. The answers of before were not kept, so
rows cannot be paired. What is done stays in results/beside_before.json.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import multi_target  # isort: skip; default_race's path holds an example of this name

import default_race
from reports import write_report
from small_training import paired_interval, resumed

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
RACES = {
    f"{name}: {race}": (name, race)
    for name, race in (
        ("mosi", "everything"),
        ("emoji", "everything"),
        ("adult", "everything"),
        ("stamps", "everything"),
        ("stamps", "everything: language"),
    )
}
"""Races of `default_race.py`, by the name of their line here."""
METRICS = {"adult": "AUROC of income"}


def before() -> dict[str, dict[str, dict[str, float]]]:
    """Return set -> seed -> score and CPU seconds of the default run of before."""
    sets = json.loads((RESULTS / "multi_target.json").read_text())["sets"]
    kept = {
        name: {seed: done[multi_target.TORSO] for seed, done in block["runs"].items()}
        for name, block in sets.items()
    }
    raced = json.loads((RESULTS / "default_race.json").read_text())
    for line, (name, race) in RACES.items():
        kept[line] = {
            str(fit["seed"]): {"score": fit["score"], "cpu_s": fit["cpu_s"]}
            for fit in raced[name]["fits"]
            if (fit["race"], fit["choice"]) == (race, "default")
        }
    return kept


def measured(line: str, seed: int) -> dict[str, Any]:
    """Return score, metric and CPU seconds of today's default run."""
    if line in RACES:
        name, race = RACES[line]
        course = default_race.sets()[name]
        fit = default_race.fit(course.read(seed), course, race, "default", seed)
        return {key: fit[key] for key in ("metric", "score", "cpu_s")}
    problem = multi_target.SETS[line](seed)
    began = time.process_time()
    score = problem.score(multi_target.one_run(problem, seed))
    seconds = round(time.process_time() - began, 1)
    return {"metric": METRICS.get(line, "aRRMSE"), "score": score, "cpu_s": seconds}


def verdict(
    now: Mapping[str, Mapping[str, Any]], kept: Mapping[str, Mapping[str, float]]
) -> dict[str, Any]:
    """Return means of before and now on the seeds that both have, the lead, and in words who is ahead."""
    both = [seed for seed in now if seed in kept]
    sign = -1.0 if now[both[0]]["metric"] == "aRRMSE" else 1.0
    lead = paired_interval(
        {seed: sign * now[seed]["score"] for seed in both},
        {seed: sign * kept[seed]["score"] for seed in both},
    )
    assert lead is not None
    words = "higher" if lead["mean"] > 0 else "lower"
    if len(both) > 1:
        words = "ahead" if lead["low"] > 0 else "behind" if lead["high"] < 0 else words
    return {
        "metric": now[both[0]]["metric"],
        "seeds": len(both),
        "before": _mean([kept[seed]["score"] for seed in both]),
        "now": _mean([now[seed]["score"] for seed in both]),
        "lead": lead["mean"],
        "interval": [lead["low"], lead["high"]] if len(both) > 1 else None,
        "verdict": words,
        "cpu_s before": _mean([kept[seed]["cpu_s"] for seed in both]),
        "cpu_s": _mean([now[seed]["cpu_s"] for seed in both]),
    }


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def main() -> None:
    """Run what is not there yet, and print a line per set."""
    kept = before()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", choices=kept, default=[*kept])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    options, report = resumed(parser, Path(__file__))
    sets = report.setdefault("sets", {})
    for seed in [] if options.show else options.seeds:
        for line in options.sets:
            runs = sets.setdefault(line, {"runs": {}})["runs"]
            if str(seed) not in runs:
                runs[str(seed)] = measured(line, seed)
                print(line, seed, runs[str(seed)], kept[line].get(str(seed)), flush=True)
                write_report(options.out, report)
    for line, block in sets.items():
        block["verdict"] = verdict(block["runs"], kept[line])
        print(line, block["verdict"])
    write_report(options.out, report)


if __name__ == "__main__":
    main()
