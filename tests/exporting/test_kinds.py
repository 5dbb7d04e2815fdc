"""One run of many kinds of inputs and answers, exported in both forms, each compared on every subset of its modalities."""

import pytest

import torso
from tests import videos

pytest.importorskip("onnxscript")
ROWS = 24


@pytest.fixture(scope="module")
def run():
    films = videos.crossings(ROWS)
    table = {
        "clip": films["clip"],
        "note": [f"Ada met {['Otto', 'nobody'][row % 2]} in Ulm" for row in range(ROWS)],
        "size": [row % 7 / 2 for row in range(ROWS)],
        "way": films["way"],
        "names": [
            "0 3 PERSON; 8 12 PERSON" if row % 2 == 0 else "0 3 PERSON" for row in range(ROWS)
        ],
        "says": [["it goes left", "it goes right"][row % 2] for row in range(ROWS)],
    }
    settings = {
        **videos.SETTINGS,
        "training.epochs": 1,
        "folds": 0,
        "blend": "off",
        "data.cache": None,
        "fusion": "concat",
        "inputs": {
            **videos.SETTINGS["inputs"],
            "note": {"kind": "text", "length": 12, "vocabulary": 300},
            "size": "number",
        },
        "encoders.clip.depth": 1,
        "heads.names.chain": True,
        "heads.says": {"width": 8, "depth": 1, "memory": 4},
    }
    says = {"kind": "caption", "vocabulary": 260, "length": 4}
    targets = {"way": "category", "names": {"kind": "tags", "of": "note"}, "says": says}
    return torso.fit(table, targets, settings=settings)


@pytest.mark.parametrize("form", ["onnx", "pt2"])
def test_every_kind_answers_as_the_run(run, form, tmp_path):
    """Films of one to all frames, texts of few tokens and of as many as are read, and none at all."""
    made = torso.export(run, tmp_path / f"model.{form}")
    assert made.checked.agrees
    assert made.checked.all_subsets
    assert made.checked.subsets == 2**3
    assert {port.task for port in made.outputs.values()} == {"way", "names", "says"}
