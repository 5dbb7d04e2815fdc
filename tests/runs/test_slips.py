"""Slips in Python: habits of other tools, wrong types; each is answered with what to write, and that works."""

import pandas as pd
import pytest

import torso
from tests.small_tables import TINY, plain
from torso.core.errors import TorsoError

FRAME = pd.DataFrame(plain())
LOUD = FRAME["loud"]
QUICK = {**TINY, "quality": "fast", "blend": "off"}


def fit(*args, **kwargs):
    return torso.fit(*args, **{"settings": QUICK, "progress": False, **kwargs})


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return fit(FRAME, ["loud", "price"], out=tmp_path_factory.mktemp("slips") / "run")


SLIPS = [
    # the habits of scikit-learn and others
    (lambda run: fit(FRAME.drop(columns="loud"), LOUD), "targets=['y']; or use torso.Estimator()"),
    (lambda run: fit(FRAME[["size"]].to_numpy(), FRAME["price"].to_numpy()), "of shape [40]"),
    (
        lambda run: fit(FRAME[["size"]].to_numpy(), ["price"]),
        "pandas.DataFrame(array, columns=[...])",
    ),
    (lambda run: torso.fit(FRAME, ["loud"], epochs=3), "settings={'training.epochs': 3}"),
    (lambda run: torso.fit(FRAME, ["loud"], learning_rate=0.1), "settings={'training.lr': 0.1}"),
    (lambda run: torso.fit(FRAME, ["loud"], batchsize=8), "settings={'training.batch_size': 8}"),
    (lambda run: torso.fit(FRAME, target="loud"), "Did you mean `targets`?"),
    (lambda run: torso.fit(FRAME, y="loud"), "Did you mean `targets`?"),
    (lambda run: torso.fit(X=FRAME, targets=["loud"]), "The table comes first"),
    (lambda run: torso.prepare(FRAME, label="loud"), "Did you mean `targets`?"),
    (lambda run: torso.fit(FRAME, ["loud"], colour="red"), "Known: ['table', 'targets'"),
    (lambda run: run.predict_proba(FRAME), "It is `run.predict`"),
    (lambda run: run.score(FRAME), "It is `run.evaluate`"),
    # the wrong type
    (lambda run: fit(FRAME["size"], ["size"]), ".to_frame()"),
    (lambda run: fit(FRAME, ["loud"], config=FRAME), "`config` should be a path or a mapping"),
    (lambda run: fit(FRAME, ["loud"], validation=0.2), "{'data.split.validation': 0.2}"),
    (lambda run: fit(FRAME, {"loud": str}), "`targets.loud` should be a kind"),
    (lambda run: fit(FRAME, {"loud": "binray"}), "'binary'"),
    (lambda run: fit(FRAME, ["loud"], inputs="size"), "inputs=['size']"),
    (
        lambda run: fit(FRAME, ["loud"], settings="training.epochs=1"),
        "settings=['training.epochs=1']",
    ),
    (
        lambda run: fit(torso.prepare(FRAME, ["loud"], settings=QUICK), ["loud"]),
        "torso.train(prepared)",
    ),
    (lambda run: torso.train(FRAME), "torso.fit(table, targets)"),
    (lambda run: torso.distill(FRAME, FRAME), "torso.load(FOLDER)"),
    (lambda run: torso.robustness(FRAME, FRAME), "torso.load(FOLDER)"),
    (lambda run: torso.load(run), "Found Predictor"),
    # the wrong place
    (lambda run: torso.load(run.folder / "run.yaml"), "is a file. Give the folder of the run"),
    (lambda run: torso.load(run.folder.parent), "Give the folder that `torso fit -o` wrote"),
    (lambda run: torso.load(run.folder.with_name("runn")), "Did you mean"),
    # the wrong table
    (lambda run: fit(FRAME.drop(columns="loud"), ["loud"]), "Unknown target column 'loud'"),
    (
        lambda run: fit(FRAME, ["loud"], validation=FRAME.drop(columns="loud")),
        "a validation table with labels",
    ),
    (lambda run: fit(FRAME.iloc[:0], ["loud"]), "has no rows"),
    (lambda run: fit(FRAME.assign(loud="yes"), ["loud"]), "every label is 'yes'"),
    (lambda run: run.predict(pd.DataFrame({"a": [1]})), "which this table lacks"),
    (lambda run: run.predict(FRAME, keep="size"), "keep=['size']"),
    (lambda run: run.predict(FRAME, batch_size=0), "`batch_size` should be at least 1"),
    (lambda run: run.evaluate(FRAME.drop(columns=["loud", "price"])), "no target column"),
]


@pytest.mark.parametrize(("slip", "told"), SLIPS, ids=[told for _, told in SLIPS])
def test_a_slip_is_answered_with_what_to_write(slip, told, run):
    with pytest.raises((TorsoError, AttributeError)) as error:
        slip(run)
    assert told in str(error.value)


def test_what_the_answers_say_works(run):
    assert list(fit(FRAME.assign(y=LOUD), ["y"]).schema.targets) == ["y"]
    assert len(torso.Estimator(epochs=1).fit(FRAME[["size"]], LOUD).predict(FRAME[["size"]])) == 40
    named = pd.DataFrame(FRAME[["size", "price"]].to_numpy(), columns=["size", "price"])
    assert fit(named, named.columns[1:]).schema.targets["price"].kind == "number"
    prepared = torso.prepare(
        FRAME, ["loud"], settings={"training.epochs": 3, "data.split.validation": 0.2}
    )
    assert prepared.config.training.epochs == 3
    assert "loud_probability" in run.predict(FRAME)


def test_cells_that_count_as_missing_are_told_without_details(run):
    with pytest.warns(torso.TorsoWarning, match="40 cells of 'size' counted as missing"):
        run.predict(FRAME.assign(size="big"))
    with pytest.warns(torso.TorsoWarning, match="40 cells of 'loud' .*class unseen"):
        run.evaluate(FRAME.assign(loud="maybe"))
    with pytest.warns(torso.TorsoWarning, match="rows that the run learnt from"):
        run.evaluate(FRAME)
