"""A run as a model of MLflow answers as the run."""

import pandas as pd
import pytest

import torso
from torso.core.errors import ConfigError
from torso.exporting import save_pyfunc

pytestmark = pytest.mark.filterwarnings("ignore")  # of MLflow about its own types
mlflow = pytest.importorskip("mlflow", reason="the extra mlflow is not installed")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    rows = range(90)
    table = {
        "size": [row % 17 / 3 for row in rows],
        "note": [["small", "big"][row % 17 > 8] + " house" for row in rows],
        "shop": [str(row % 5) for row in rows],
        "price": [row % 17 * 2.0 for row in rows],
        "dear": [["no", "yes"][row % 17 > 8] for row in rows],
    }
    settings = {"training.epochs": 1, "dim": 8, "inputs.note.kind": "text"}
    folder = tmp_path_factory.mktemp("pyfunc") / "run"
    return torso.fit(table, ["price", "dear"], quality="fast", out=folder, settings=settings)


@pytest.fixture(scope="module")
def model(run, tmp_path_factory):
    return save_pyfunc(run.folder, tmp_path_factory.mktemp("pyfunc") / "model")


def test_it_answers_as_the_run(run, model):
    opened = mlflow.pyfunc.load_model(str(model))
    rows = pd.DataFrame({"size": [1, 5], "note": ["big house", None], "shop": [3, 4]})
    pd.testing.assert_frame_equal(opened.predict(rows), run.predict(rows))
    gaps = rows[["size"]]
    pd.testing.assert_frame_equal(opened.predict(gaps), run.predict(gaps))


def test_the_signature_is_that_of_the_schema(run, model):
    signature = mlflow.pyfunc.load_model(str(model)).metadata.signature
    assert [*signature.inputs.input_names()] == [*run.schema.inputs]
    types = dict(zip(signature.outputs.input_names(), signature.outputs.input_types(), strict=True))
    answers = run.predict({"size": [1.0]})
    assert [*types] == [*answers.columns]
    assert (str(types["price"]), str(types["dear"])) == ("DataType.double", "DataType.string")


def test_nothing_is_pickled_and_rows_stay_at_home(model):
    names = {file.name for file in model.rglob("*")}
    assert {"model.safetensors", "MLmodel"} <= names
    assert not names & {"held_out.parquet", "split.parquet", "examples.parquet"}
    assert not [name for name in names if name.endswith((".pkl", ".pickle", ".pt"))]


def test_a_folder_in_use_is_kept(run, model):
    with pytest.raises(ConfigError, match="is not empty"):
        save_pyfunc(run, model)
