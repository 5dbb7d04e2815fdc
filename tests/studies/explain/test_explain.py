"""`torso.explain` on a run over pictures, recordings, texts, numbers and categories."""

import json

import numpy as np
import pytest

import torso
from tests.small_tables import MEDIA, TARGETS, TINY, make, read
from tests.small_tables import torso as command
from torso.core.errors import ConfigError, DataError
from torso.studies.explain import Explanation

NAMED = {"photo": "image", "sound": "audio", "note": "text", "size": "number", "shop": "category"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("explain")
    table = make(folder, rows=80)
    kinds = {"inputs.note.kind": "text", "inputs.shop.kind": "category"}
    settings = {**TINY, **MEDIA, **kinds, "training.epochs": 4, "training.lr": 0.01, "folds": 0}
    torso.fit(table, TARGETS, settings=settings, out=folder / "run")
    return folder


@pytest.fixture(scope="module")
def run(folder):
    return torso.load(folder / "run")


@pytest.fixture(scope="module")
def explanation(run, folder):
    return torso.explain(run, folder / "table.csv", row=3)


def test_shares_sum_to_the_answer_of_the_whole_run(run, folder, explanation):
    answers = run.predict(folder / "table.csv").iloc[2]
    for task in TARGETS:
        explained = explanation[task]
        column = f"{task}_probability" if explained.is_probability else task
        assert explained.value == pytest.approx(answers[column], abs=1e-4)
        total = explained.without + sum(each.share.value for each in explained.modalities)
        assert total == pytest.approx(explained.value)
        for modality in explained.modalities:
            parts = [p.share.value for p in explained.parts if p.modality == modality.modality]
            assert sum(parts) == pytest.approx(modality.share.value)
    assert {each.column for each in explanation["price"].parts} == set(NAMED)
    assert explanation["colour"].answer == answers["colour"]


def test_what_is_left_out_is_what_predict_says_without_it(run, folder, explanation):
    row = {name: cells[2] for name, cells in read(folder / "table.csv").items()}
    empty = run.predict([{**dict.fromkeys(NAMED, None), "loud": "yes"}] * 2)
    assert explanation["price"].without == pytest.approx(float(empty["price"][0]), rel=1e-4)
    alone = torso.explain(run, {"note": row["note"]}, tasks=["price"])["price"]
    (only,) = alone.modalities
    with pytest.warns(torso.TorsoWarning):
        said = run.predict({"note": row["note"]})["price"][0]
    assert only.share.value == pytest.approx(said - alone.without, rel=1e-3)


def test_it_is_json_a_frame_and_words(explanation):
    saved = json.loads(json.dumps(explanation.to_dict()))
    assert repr(Explanation.from_dict(saved)) == repr(explanation)
    frame = explanation.frame()
    sums = frame.groupby(["task", "level"])["share"].sum().unstack()
    assert np.allclose(sums["modality"], sums["part"])
    assert "Deletion test" in repr(explanation) and "<table>" in explanation._repr_html_()


def test_a_row_may_be_a_mapping_and_lack_labels_and_inputs(run):
    explanation = torso.explain(run, {"note": "very red thing", "shop": "Zoe"}, tasks="colour")
    assert explanation.missing == ("photo", "sound", "numbers")
    assert [each.piece for each in explanation["colour"].inside("note")].count("red") == 1
    assert any("unseen in training" in note and "'Zoe'" in note for note in explanation.notes)
    assert any("lacks 3 of the 5 columns" in note for note in explanation.notes)


def test_a_row_without_any_input_has_nothing_to_explain(run):
    explanation = torso.explain(run, dict.fromkeys(NAMED, None) | {"loud": "yes"})
    price = explanation["price"]
    assert price.parts == () and price.value == price.without
    assert "holds none of the run's inputs" in price.verdict()
    assert "holds none" in repr(explanation)


def test_a_single_number_has_no_order_to_test(run):
    price = torso.explain(run, {"size": 4.0}, tasks="price")["price"]
    assert price.deletion is None and price.verdict() == "One part only: there is no order to test."
    assert price.without + price.parts[0].share.value == pytest.approx(price.value)


def test_an_absent_file_counts_as_missing_and_is_told(run, folder):
    row = {"photo": "files/none.png", "note": "very red thing"}
    explanation = torso.explain(run, row, root=folder, tasks="colour")
    assert "photo" in explanation.missing
    assert any("files/none.png" in note for note in explanation.notes)


def test_several_rows_are_a_list(folder):
    both = torso.explain(folder / "run", folder / "table.csv", row=[1, 80], tasks=["loud"])
    assert [each.row for each in both] == [1, 80]


@pytest.mark.parametrize("row", [None, 0, 81, -1, True, 1.5, []])
def test_rows_count_from_one(run, folder, row):
    with pytest.raises(ConfigError, match="`row` should"):
        torso.explain(run, folder / "table.csv", row=row)


def test_unknown_tasks_are_refused_with_the_nearest(run, folder):
    with pytest.raises(ConfigError, match="Did you mean 'price'"):
        torso.explain(run, folder / "table.csv", row=1, tasks="prize")


def test_gradients_sum_to_the_answer_of_the_network(run, folder):
    explanation = torso.explain(run, folder / "table.csv", row=3, method="gradients")
    for task in TARGETS:
        explained = explanation[task]
        whole = explained.value - explained.without
        assert abs(explained.gap) < 0.05 * abs(whole) + 1e-4
        total = sum(share.share.value for share in explained.modalities)
        assert total == pytest.approx(whole + explained.gap)
    assert "at inputs of zero" in repr(explanation) and "Completeness holds" in repr(explanation)
    with pytest.raises(ConfigError, match="Did you mean 'gradients'"):
        torso.explain(run, folder / "table.csv", row=3, method="gradient")


def test_the_command_prints_and_writes(folder, capsys, tmp_path):
    file = tmp_path / "more" / "explained.json"
    words = ["explain", folder / "run", folder / "table.csv", "--row", 3, "-t", "loud"]
    assert command(*words, "--row", 4, "--out", file) == 0
    shown = capsys.readouterr().out
    assert "Row 3 of table.csv" in shown and "Row 4 of table.csv" in shown
    assert "Deletion test" in shown and "share of probability of" in shown
    assert [each["row"] for each in json.loads(file.read_text())["explanations"]] == [3, 4]
    assert command(*words[:3]) == 1
    assert "from 1 to 80" in capsys.readouterr().err


def test_a_table_without_any_input_is_refused_in_words(run):
    with pytest.raises(DataError, match=r"The run needs the columns \['photo', 'sound'"):
        torso.explain(run, {"price": [1.0, 2.0]}, row=1)


def test_a_table_of_many_rows_asks_for_one(folder, capsys):
    words = ("explain", folder / "run", folder / "table.csv", "-t", "price")
    assert command(*words) == 1
    assert "Name one: --row 1, or row=1." in capsys.readouterr().err
    assert command(*words, "--row", "1") == 0
