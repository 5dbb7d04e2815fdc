"""A run and its export side by side on one server, and servers that are started in Python."""

import json
import os
import signal
import socket
import urllib.request

import pytest

import torso
from tests.processes import Started
from tests.serving.live import live
from tests.serving.test_life import until
from tests.serving.test_metrics import figures

pytest.importorskip("onnxscript", reason="needs torso[export]")


@pytest.fixture(scope="module")
def folder(run, tmp_path_factory):
    """A folder of two runs: `whole`, and `model`, its export."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "whole").symlink_to(run)
    torso.export(run, folder / "model.onnx")
    return folder


@pytest.fixture(scope="module")
def both(folder):
    with live(folder) as client:
        yield client


def assert_near(own, expected, place=""):
    if isinstance(expected, dict):
        assert own.keys() == expected.keys()
        for name in expected:
            assert_near(own[name], expected[name], f"{place} {name}")
    elif isinstance(expected, float):
        assert abs(own - expected) <= 1e-4 * max(1.0, abs(expected)), place
    else:
        assert own == expected, place


def test_an_export_answers_over_http_as_its_run(both, json_rows):
    body = {"rows": json_rows}
    own, run = (both.ask("POST", f"/runs/{name}/predict", body).json for name in ("model", "whole"))
    assert len(own["answers"]) == len(json_rows)
    for answer, expected in zip(own["answers"], run["answers"], strict=True):
        assert_near(answer, expected)
    assert both.ask("POST", "/runs/model/explain", {"row": {}}).json["code"] == "not_offered"


def test_each_of_several_runs_has_a_schema_of_its_own(both):
    assert [run["name"] for run in both.ask("GET", "/runs").json["runs"]] == ["model", "whole"]
    own, run = (both.ask("GET", f"/runs/{name}/schema").json for name in ("model", "whole"))
    assert (own["run"]["kind"], run["run"]["kind"]) == ("onnx", "torch")
    assert (own["explain"], run["explain"]) == (False, True)
    for same in ("inputs", "tasks", "modalities", "certificates", "json_schema"):
        assert own[same] == run[same], same
    assert both.ask("GET", "/schema").json["code"] == "not_found"


def test_drift_of_the_answers_of_an_export_is_that_of_its_run(both, json_rows):
    for name in ("model", "whole"):
        for _ in range(5):
            both.ask("POST", f"/runs/{name}/predict", {"rows": json_rows})
    seen = figures(both)
    for task in ("colour", "loud", "price"):
        own, run = (
            seen[f'torso_drift_psi{{name="{task}",of="answer",run="{name}"}}']
            for name in ("model", "whole")
        )
        assert own == pytest.approx(run, abs=0.05)


TWO = """
import sys, torso
from torso.serving.settings import Address, ServeSettings
settings = ServeSettings(address=Address(port=int(sys.argv[2])))
torso.serve(sys.argv[1] + "/model.onnx", settings)
torso.load(sys.argv[1] + "/whole").with_threshold({"loud": 0.001}).serve(settings)
"""


def test_servers_in_python(folder):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = Started("-c", TWO, folder, port)
    try:
        _ask_both(process, port)
    finally:
        if process.poll() is None:
            process.kill()


def _ask_both(process, port):
    def asked(path, body=None):
        said = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, said)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def served(kind):
        try:
            return asked("/schema")["run"]["kind"] == kind
        except OSError:
            assert process.poll() is None, process.wait()
            return False

    until(lambda: served("onnx"), 60)
    os.kill(process.pid, signal.SIGTERM)
    until(lambda: served("torch"), 60)
    [answer] = asked("/predict", b'{"row": {"note": "a red thing"}}')["answers"]
    assert answer["tasks"]["loud"]["answer"] in (True, "yes")  # by the threshold set in memory
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait()[0] == 0
