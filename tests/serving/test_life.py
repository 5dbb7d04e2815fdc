"""The server's life: checked before it listens, runs replaced and deleted under it, drained at the end."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

import torso
from tests.serving.live import live
from tests.small_tables import torso as command
from torso.app.terminal.served import tell_start
from torso.core.errors import ConfigError, RunError
from torso.serving.served import Served
from torso.serving.settings import Address, ServeSettings, read_token


def other(run, folder):
    """Write another version of a run: with a threshold set."""
    torso.load(run).with_threshold({"loud": 0.4}).save(folder)
    return folder


def until(said, seconds=20):
    end = time.monotonic() + seconds
    while not said():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def test_a_run_is_replaced_without_a_dropped_request(run, tmp_path, json_rows):
    place = tmp_path / "run"
    place.symlink_to(run)
    newer = other(run, tmp_path / "newer")
    with live(place, "times.watch=0.05") as client:
        stop, seen = threading.Event(), []

        def ask():
            while not stop.is_set():
                answer = client.ask("POST", "/predict", {"row": json_rows[0]})
                seen.append((answer.status, answer.json["run"]["version"]))

        asking = threading.Thread(target=ask)
        asking.start()
        until(lambda: len(seen) > 3)
        before = seen[0][1]
        (tmp_path / "link").symlink_to(newer)
        (tmp_path / "link").replace(place)  # in one step
        until(lambda: seen[-1][1] != before)
        stop.set()
        asking.join()
        assert {status for status, _ in seen} == {200}
        versions = [version for _, version in seen]
        assert versions == sorted(versions, key=lambda version: version != before)
        assert client.ask("GET", "/schema").json["run"]["version"] == versions[-1]


def test_a_damaged_or_deleted_run_leaves_the_old_version_answering(run, tmp_path, json_rows):
    place = tmp_path / "run"
    shutil.copytree(run, place)
    with live(place, "times.watch=0.05") as client:

        def problem():
            return client.ask("GET", "/health").json["runs"]["run"]["problem"]

        def answers():
            return client.ask("POST", "/predict", {"row": json_rows[0]}).status == 200

        (place / "schema.json").write_text("{", encoding="utf-8")
        until(problem)
        assert "schema.json" in problem()
        assert answers()
        shutil.rmtree(place)
        until(lambda: "gone" in (problem() or ""))
        assert answers()
        shutil.copytree(run, place)
        until(lambda: problem() is None)
        assert answers()


def test_several_runs(run, tmp_path, json_rows):
    (tmp_path / "a").symlink_to(run)
    with live(tmp_path, "times.watch=0.05") as client:
        assert client.ask("POST", "/runs/a/predict", {"row": json_rows[0]}).status == 200
        assert client.ask("POST", "/predict", {"row": json_rows[0]}).status == 200  # the only one
        other(run, tmp_path / "b")
        until(lambda: len(client.ask("GET", "/runs").json["runs"]) == 2)
        versions = {
            name: client.ask("POST", f"/runs/{name}/predict", {"row": {}}).json["run"]["version"]
            for name in "ab"
        }
        assert versions["a"] != versions["b"]
        assert client.ask("POST", "/predict", {"row": {}}).json["code"] == "not_found"


def test_check_opens_no_port_and_names_the_fault(run, tmp_path, capsys):
    assert command("serve", run, "--check") == 0
    assert "answers its example" in capsys.readouterr().err
    shutil.copytree(run, tmp_path / "run")
    (tmp_path / "run" / "model.safetensors").write_bytes(b"no weights")
    assert command("serve", tmp_path / "run", "--check") == 1
    assert "model.safetensors" in capsys.readouterr().err
    assert command("serve", run, "--check", "--set", "limits.row=3") == 1
    assert "Did you mean 'rows'" in capsys.readouterr().err
    with pytest.raises(RunError, match="is no run"):
        Served(tmp_path / "absent", ServeSettings())


def test_a_token_from_a_file(run, tmp_path, capsys, monkeypatch):
    file = tmp_path / "token"
    monkeypatch.delenv("TORSO_TOKEN", raising=False)
    assert read_token(None) == ""
    file.write_text("  \n", encoding="utf-8")
    assert command("serve", run, "--check", "--token-file", file) == 1
    assert "Write a token into it" in capsys.readouterr().err
    file.write_text("secret-1\n", encoding="utf-8")
    assert read_token(file) == "secret-1"
    tell_start(Served(run, ServeSettings()), ServeSettings(address=Address("0.0.0.0", 1)))
    assert "--token-file FILE" in capsys.readouterr().err
    monkeypatch.setenv("TORSO_TOKEN", "two words")
    with pytest.raises(ConfigError, match="without blanks"):
        read_token(None)


def test_sigterm_answers_the_accepted_requests_first(run, json_rows):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "torso", "serve", str(run), "--port", str(port)]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, env={**os.environ, "COLUMNS": "80"})
    try:

        def listens():
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                assert process.poll() is None
                return False
            return True

        until(listens, 60)
        body = json.dumps({"rows": json_rows * 20}).encode()
        head = f"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
            connection.sendall(head.encode() + body)
            time.sleep(0.1)
            process.send_signal(signal.SIGTERM)
            answer = b""
            while data := connection.recv(1 << 20):
                answer += data
        assert answer.startswith(b"HTTP/1.1 200")
        assert len(json.loads(answer.partition(b"\r\n\r\n")[2])["answers"]) == len(json_rows) * 20
        assert process.wait(30) == 0
        log = process.stderr.read().decode().splitlines()
        line = next(json.loads(each) for each in log if each.startswith('{"time"'))
        assert (line["status"], line["rows"]) == (200, len(json_rows) * 20)
        assert not any("door" in each for each in log), "a cell stands in the log"
    finally:
        process.kill()
        process.stderr.close()
