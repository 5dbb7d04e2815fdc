"""Adult census: categories and numbers, three tasks, a test table of its own.

Shows a table without a header, "?" as a sign for missing, and an evaluation on a separate file. Income is the
task that everybody knows; hours per week and marital status are learned beside it by the same model.

    python examples/adult.py [--epochs 40] [--rows 32561] [--out runs/adult]
"""

import argparse

import pandas as pd
from _data import data_folder
from rich import print  # noqa: A004

import torso
from torso.evaluation import results_table

COLUMNS = """age workclass fnlwgt education education_num marital_status occupation relationship race sex
capital_gain capital_loss hours_per_week native_country income""".split()
TARGETS = ["income", "hours_per_week", "marital_status"]


def read(path) -> pd.DataFrame:
    table = pd.read_csv(path, names=COLUMNS, skipinitialspace=True)
    return table.assign(income=table.income.str.rstrip("."))  # the test labels end with a dot


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--rows", type=int, default=32_561)
    parser.add_argument("--out", help="folder of the run")
    options = parser.parse_args()

    folder = data_folder("adult")
    training = read(folder / "adult-train.csv.gz").sample(options.rows, random_state=0)
    test = read(folder / "adult-test.csv.gz")

    run = torso.fit(
        training,
        TARGETS,
        # `relationship` says husband or wife, and so gives the marital status away
        inputs=[name for name in COLUMNS if name not in (*TARGETS, "relationship")],
        config={"data": {"missing": ["?"], "split": {"test": 0, "stratify": "income"}}},
        settings={"training.epochs": options.epochs},
        out=options.out,
        overwrite=True,
    )
    reports = run.evaluate(test.head(options.rows))
    print(results_table(reports))
    print(
        f"income: accuracy {reports['income'].metrics['accuracy'].value:.4f}, "
        f"AUROC {reports['income'].metrics['auroc'].value:.4f} on {reports['income'].rows:,} test rows"
    )


if __name__ == "__main__":
    main()
