"""The log is JSON, whatever the numbers are."""

import json
import math

import pytest

from torso.training import Epoch, JsonLog

EPOCH = Epoch(1, {"a": math.nan}, {"a": math.inf}, {"a": {"r2": math.nan}}, lr=0.1, best=True)


def test_the_log_holds_one_json_object_per_line(tmp_path):
    path = tmp_path / "log.jsonl"
    for fresh in (True, False):
        log = JsonLog(path, fresh=fresh)
        log.started(3, 4)
        log.epoch_done(EPOCH)
        log.noted("größer")
        log.ended("all epochs")
    lines = [
        json.loads(line, parse_constant=pytest.fail)
        for line in path.read_text("utf-8").splitlines()
    ]
    assert [line["event"] for line in lines] == ["start", "epoch", "note", "end"] * 2
    assert lines[1]["training"] == {"a": None}
    assert lines[1]["validation"] == {"a": None}
    assert lines[1]["metrics"] == {"a": {"r2": None}}
    assert lines[1]["lr"] == 0.1
    JsonLog(path)
    assert path.read_text() == ""
