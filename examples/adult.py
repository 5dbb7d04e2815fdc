"""Adult census: categories and numbers, three tasks, a test table of its own.

Shows a table without a header, "?" as a sign for missing (also in a target: such a row still serves the other
tasks), and an evaluation on a file of its own. Income is the task that everybody knows; hours per week and the
class of employer are learned beside it by the same model.

    python examples/adult.py [--epochs 20] [--rows 32561] [--out runs/adult]
"""

import argparse

import pandas as pd
import rich
from _data import data_folder

import torso
from torso.app.terminal import results_table

COLUMNS = [
    "age",
    "workclass",
    "fnlwgt",
    "education",
    "education_num",
    "marital_status",
    "occupation",
]
COLUMNS += ["relationship", "race", "sex", "capital_gain", "capital_loss", "hours_per_week"]
COLUMNS += ["native_country", "income"]
TARGETS = ["income", "hours_per_week", "workclass"]
CONFIG = {"data": {"missing": ["?"], "split": {"test": 0, "stratify": "income"}}}


def read(path) -> pd.DataFrame:
    table = pd.read_csv(path, names=COLUMNS, skipinitialspace=True)
    return table.assign(income=table.income.str.rstrip("."))  # the test labels end with a dot


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--rows", type=int, default=32_561)
    parser.add_argument("--out", help="folder of the run")
    options = parser.parse_args()

    folder = data_folder("adult")
    training = read(folder / "adult-train.csv.gz").sample(options.rows, random_state=0)
    test = read(folder / "adult-test.csv.gz")

    run = torso.fit(
        training,
        TARGETS,
        config=CONFIG,
        settings={"training.epochs": options.epochs},
        out=options.out,
        overwrite=True,
    )
    reports = run.evaluate(test.head(options.rows))
    rich.print(results_table(reports))
    print(
        f"income: accuracy {reports['income'].metrics['accuracy'].value:.4f}, "
        f"AUROC {reports['income'].metrics['auroc'].value:.4f} on {reports['income'].rows:,} test rows"
    )


if __name__ == "__main__":
    main()
