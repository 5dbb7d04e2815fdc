"""Every cure that a message prints works: the settings of all notes, warnings and errors are tried on their table."""

import re
import shlex

import numpy as np
import pytest

import torso
from torso.core.errors import DataError
from torso.inference import inspect_table
from torso.runs.schema.columns import infer_columns
from torso.tables import read_table

RNG = np.random.default_rng(0)
ROWS = 120
PLACEHOLDERS = re.compile(r"COLUMN|YEAR|VALUE|FOLDER|NUMBER|\.\.\.")


def messy() -> dict[str, list]:
    """Return a table whose columns have something to be said about, under names that a shell would break."""
    ill = RNG.random(ROWS // 3) < 0.4
    rows = range(ROWS)
    return {
        "Height (cm)": [f"{150 + row % 40}" if row % 17 else "tall" for row in rows],
        "First seen": [f"0{row % 9 + 1}/1{row % 9}/2{row % 4}" for row in rows],
        "who's it": [f"patient {row // 3}" for row in rows],
        "eye.colour": [["blue", "?", "brown"][0 if row % 40 == 1 else row % 3] for row in rows],
        "stars": [row % 9 + 1 for row in rows],
        "visits": [int(visits) for visits in RNG.poisson(2, ROWS)],
        "price": [float(price) for price in RNG.lognormal(3, 2, ROWS).round(2)],
        "drinks": [["low", "none", "high"][row % 3] for row in rows],
        "size": [["small", "medium", "large"][row % 3] for row in rows],
        "discharged": [row if sick else None for row, sick in enumerate(np.repeat(ill, 3))],
        "stamp": [1_700_000_000 + 86_400 * row for row in rows],
        "ill": ["yes" if sick else "no" for sick in np.repeat(ill, 3)],
    }


def cures(text: str) -> list[str]:
    """Return the settings that a text prints, as a shell would pass them on."""
    settings = []
    for match in re.finditer(r"--set ", text):
        rest = text[match.end() :]
        for end in [*(stop.start() for stop in re.finditer(r" ", rest)), len(rest)]:
            try:
                words = shlex.split(rest[:end].rstrip(".,;)"))
            except ValueError:  # within quotes
                continue
            settings.append(words[0])
            break
    return [setting for setting in settings if not PLACEHOLDERS.search(setting)]


TARGETS = ["ill", "stars", "visits", "price", "drinks", "size"]


def test_the_cures_of_notes_and_of_inspect_work():
    """The order of an ordinal target goes with its kind, as it is printed."""
    notes = torso.prepare(messy(), TARGETS).notes
    reports = inspect_table(read_table(messy()), TARGETS)
    said = [*notes, *(text for report in reports for text in (report.why, *report.warnings))]
    printed = {cure for text in said for cure in cures(text)}
    assert len(printed) >= 6, said
    orders = {cure for cure in printed if ".order=" in cure}
    for cure in sorted(printed - orders):
        pair = [order for order in orders if order.split(".order=")[0] == cure.split(".kind=")[0]]
        torso.prepare(messy(), TARGETS, settings=[cure, *(pair if "ordinal" in cure else [])])


@pytest.mark.parametrize("strict", [{"data.on_error": "fail"}, {"data.most_skipped": 0.01}])
def test_the_cures_of_errors_work(strict):
    table = messy()
    with pytest.raises(DataError) as error:
        torso.prepare(table, TARGETS, settings=strict)
    printed = cures(str(error.value))
    assert printed, str(error.value)
    for cure in printed:
        torso.prepare(
            table, TARGETS, settings=[*(f"{key}={value}" for key, value in strict.items()), cure]
        )


def test_settings_under_odd_names_are_kept():
    values = {"targets": {"ill": {}}, "inputs": {"Height (cm)": {"kind": "text"}}}
    infer_columns(read_table(messy()), values, add=False)
    assert values["inputs"]["Height (cm)"]["kind"] == "text"
