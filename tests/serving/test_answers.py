"""Answers over HTTP are those of the run in this process, however rows arrive and whoever asks besides."""

import json
import math
import re
from concurrent.futures import ThreadPoolExecutor

import jsonschema
import pytest

import torso
from tests.small_tables import INPUTS


@pytest.fixture(scope="module")
def predictor(run):
    return torso.load(run, device="cpu")


@pytest.fixture(scope="module")
def expected(predictor, rows):
    return predictor.predict(rows, as_arrow=True).to_pylist()


def same(answer, columns):
    """Check a row of JSON against a row of columns."""
    said = answer["tasks"]
    assert said["colour"]["answer"] == columns["colour"]
    for name, probability in said["colour"]["probabilities"].items():
        assert math.isclose(probability, columns[f"colour_probability_{name}"], abs_tol=1e-5)
    for end in ("low", "high", "spread"):
        assert math.isclose(said["price"][end], columns[f"price_{end}"], rel_tol=1e-4)
    assert math.isclose(said["price"]["answer"], columns["price"], rel_tol=1e-4)
    assert said["loud"]["answer"] == columns["loud"]
    return True


def test_many_rows(client, json_rows, rows, expected):
    answer = client.ask("POST", "/predict", {"rows": json_rows}).json
    assert len(answer["answers"]) == len(expected)
    assert all(map(same, answer["answers"], expected))
    for said, row in zip(answer["answers"], rows, strict=True):
        gaps = {name for name, cell in row.items() if cell is None}
        names = {"photo": "photo", "sound": "sound", "note": "note", "size": "numbers"}
        assert {*said["missing"]} == {names.get(name, "categories") for name in gaps}


def test_each_answer_has_the_certificate_of_its_pattern(client, json_rows, predictor):
    answer = client.ask("POST", "/predict", {"rows": json_rows}).json["answers"]
    known = {pattern.absent: pattern.rows for pattern in predictor.report.patterns}
    for said in answer:
        certificate = said["certificate"]
        assert certificate["absent"] == said["missing"]
        assert certificate["rows"] == known.get(tuple(said["missing"]), 0)
        assert certificate["judged"] == (tuple(said["missing"]) in known)
    assert {said["certificate"]["judged"] for said in answer} == {True, False}


def test_forms_say_what_json_says(client, rows, json_rows, expected):
    number = next(n for n, row in enumerate(rows) if None not in row.values())
    row = rows[number]
    parts = {name: cell if isinstance(cell, bytes) else str(cell) for name, cell in row.items()}
    assert same(client.form("/predict", **parts).json["answers"][0], expected[number])
    listed = [{**each, "photo": {"part": "p"}} for each in (json_rows[number], {})]
    answers = client.form("/predict", rows=json.dumps({"rows": listed}["rows"]), p=row["photo"])
    assert same(answers.json["answers"][0], expected[number])
    assert "photo" not in answers.json["answers"][1]["missing"]


def test_concurrent_requests_get_their_own_answers(client, json_rows, expected):
    def ask(number):
        own = number % len(json_rows)
        bad = number % 7 == 3
        row = {**json_rows[own], **({"size": "much"} if bad else {})}
        answer = client.ask("POST", "/predict", {"row": row})
        if bad:
            return answer.json["code"] == "unreadable_cell" and answer.json["row"] == 1
        return same(answer.json["answers"][0], expected[own])

    with ThreadPoolExecutor(12) as pool:
        assert all(pool.map(ask, range(60)))


def test_sixteen_threads_on_one_predictor(predictor, rows):
    """Numbers may differ in their last digit: a row that is asked again goes through numpy, not torch."""
    alone = [predictor.predict(row, as_arrow=True).to_pydict() for row in rows]
    with ThreadPoolExecutor(16) as pool:
        asked = [
            pool.submit(predictor.predict, rows[n % len(rows)], as_arrow=True) for n in range(64)
        ]
    for number, each in enumerate(asked):
        answer = each.result().to_pydict()
        for name, (cell,) in alone[number % len(rows)].items():
            near = pytest.approx(cell, rel=1e-5, abs=1e-6) if isinstance(cell, float) else cell
            assert answer[name] == [near]


def test_schema_and_examples_fit_together(client):
    about = client.ask("GET", "/schema").json
    assert [entry["name"] for entry in about["inputs"]] == INPUTS
    assert about["inputs"][3]["send"] == "number"
    assert about["tasks"][0]["classes"] == ["blue", "green", "red"]
    examples = client.ask("GET", "/examples").json["examples"]
    assert (
        len(examples) == about["examples"] == 5 + 12
    )  # those of the run, and the first of the table
    assert not any(example["made"] for example in examples)
    validator = jsonschema.Draft202012Validator(about["json_schema"])
    for example in examples:
        validator.validate({"row": example["row"]})
        assert client.ask("POST", "/predict", {"row": example["row"]}).status == 200
    assert not validator.is_valid({"row": {"sise": 1}})


def test_openapi_is_whole_and_its_examples_are_answered(client):
    said = client.ask("GET", "/openapi.json").json
    assert {"/predict", "/explain", "/predict/table", "/schema", "/metrics"} <= set(said["paths"])
    references = re.findall(r'"#/components/schemas/(\w+)"', json.dumps(said))
    assert {*references} == set(said["components"]["schemas"]) == {"row", "error"}
    content = said["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    for example in content["examples"].values():
        assert client.ask("POST", "/predict", example["value"]).status == 200
    named = client.ask("GET", "/runs/run/openapi.json").json
    assert "/runs/run/predict" in named["paths"]


def test_cells_that_cannot_be_read_may_count_as_missing(client, json_rows):
    row = {**json_rows[0], "size": "much"}
    answer = client.ask("POST", "/predict?unreadable=missing", {"row": row}).json
    assert answer["answers"][0]["missing"] == ["numbers"]
    assert "'much'" in answer["notes"][0]
