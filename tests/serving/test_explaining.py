"""`POST /explain`: the explanation of torso.explain, within a bound on time."""

import pytest

import torso
from tests.serving.live import live


def test_an_explanation_is_that_of_the_library(client, run, json_rows, rows):
    number = next(n for n, row in enumerate(rows) if None not in row.values())
    said = client.ask("POST", "/explain?tasks=colour,price", {"row": json_rows[number]}).json
    assert not (run / "studies").exists(), "a client's row left a trace in the run"
    own = torso.explain(torso.load(run, device="cpu"), rows[number], tasks=["colour", "price"])
    assert set(said["tasks"]) == {"colour", "price"}
    for task, explained in said["tasks"].items():
        assert explained["verdict"] == own[task].verdict()
        for share, mine in zip(explained["modalities"], own[task].modalities, strict=True):
            assert share["modality"] == mine.modality
            assert share["share"]["value"] == pytest.approx(mine.share.value, abs=1e-5)
    assert said["media"]["photo"] == {"kind": "image", "size": [16, 16]}


def test_bad_requests_to_explain(client, json_rows):
    assert client.ask("POST", "/explain?tasks=weight", {"row": {}}).json["code"] == "bad_request"
    two = client.ask("POST", "/explain", {"rows": json_rows[:2]})
    assert two.json["code"] == "bad_request"


def test_a_slow_explanation_ends(run, json_rows):
    with live(run, "times.explain=0.001") as client:
        answer = client.ask("POST", "/explain", {"row": json_rows[0]})
        assert (answer.status, answer.json["code"]) == (504, "too_slow")
        assert client.ask("POST", "/predict", {"row": json_rows[0]}).status == 200
