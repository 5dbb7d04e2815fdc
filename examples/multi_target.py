"""Sixteen numbers at once: as sixteen tasks, and as one task whose target is a vector.

The `oes97` set of Mulan: how many people of 263 occupations work in each of 334 cities; how many of 16 others?
With so few rows an epoch has four steps and the held-out loss is noisy, so training goes through all epochs and
the best weights are kept. It prints R² and the average relative root mean squared error (aRRMSE: 1 is the
mean of the training rows, less is better) of both ways. `benchmarks/tables.py` holds it beside ridge regression.

    python examples/multi_target.py [--epochs 100] [--rows 334]
"""

import argparse

import pandas as pd
from _data import data_folder
from scipy.io import arff

import torso
from torso.tasks import TaskReport

NUM_TARGETS = 16


def arrmse(reports: list[TaskReport]) -> float:
    """Return the mean over tasks of the error relative to that of the training mean."""
    ratios = [report.metrics["rmse"].value / report.baseline["rmse"] for report in reports]
    return sum(ratios) / len(ratios)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--rows", type=int, default=334)
    options = parser.parse_args()

    table = pd.DataFrame(arff.loadarff(data_folder("mtr_mulan") / "oes97.arff")[0])
    table = table.sample(options.rows, random_state=0, ignore_index=True)
    inputs, targets = list(table.columns[:-NUM_TARGETS]), list(table.columns[-NUM_TARGETS:])
    settings = {"training.epochs": options.epochs, "training.patience": options.epochs}

    many = torso.fit(table, targets, settings=settings)
    print("sixteen number targets")
    for name, report in many.reports.items():
        occupation = name.partition("_")[2].replace("_", " ")
        print(f"  {occupation:.40s}".ljust(44) + f"R² {report.metrics['r2'].value:6.3f}")
    r2 = sum(report.metrics["r2"].value for report in many.reports.values()) / NUM_TARGETS
    print(f"  mean R² {r2:.3f}   aRRMSE {arrmse(list(many.reports.values())):.3f}")

    as_one = table[inputs].assign(employed=table[targets].values.tolist())
    one = torso.fit(as_one, ["employed"], settings=settings).reports["employed"]
    print("one vector target of sixteen numbers")
    print(f"  R² {one.metrics['r2'].value:.3f}   aRRMSE {one.metrics['arrmse'].value:.3f}")


if __name__ == "__main__":
    main()
