"""Bad requests: each gets a code and a sentence, and nothing of the machine's inside."""

import io
import socket
import time
import wave
from base64 import b64encode

import pytest

from tests.serving.live import live
from tests.small_tables import png_bomb


def file(data):
    return {"base64": b64encode(data).decode()}


def hours():
    """Return a WAV of silence that lasts for three hours."""
    stream = io.BytesIO()
    with wave.open(stream, "wb") as sound:
        sound.setparams((1, 1, 1000, 0, "NONE", ""))
        sound.writeframes(bytes(1000 * 3 * 3600))
    return stream.getvalue()


def claims_hours():
    """Return a WAV whose head claims three hours, and that holds a moment."""
    return hours()[:2000]


BODIES = {
    "bad_json": [b"{", b'{"row": {"size": NaN}}', b"\xff\xfe", b""],
    "too_deep": [b"[" * 200_000, b'{"row":' * 5000],
    "bad_request": [b"[]", b'{"row": {}, "rows": []}', b'{"row": 3}', b'{"rows": [1]}'],
    "no_rows": [b'{"rows": []}'],
    "unknown_column": [{"row": {"sise": 1}}, {"row": {"price": 3.0}}, {"row": {"\ud800": 1}}],
    "wrong_type": [
        {"row": {"note": 3}},
        {"row": {"size": [1]}},
        {"row": {"photo": 3}},
        {"rows": [{"size": 1}, {"size": "2"}]},
        {"row": {"note": "\ud800"}},
        {"row": {"size": "\ud800"}},
    ],
    "not_finite": [b'{"row": {"size": 1e999}}', b'{"row": {"size": 1' + b"0" * 400 + b"}}"],
    "not_bytes": [
        {"row": {"photo": "/etc/passwd"}},
        {"row": {"photo": "http://127.0.0.1/a.png"}},
        {"row": {"photo": {"base64": "YQ==", "path": "/etc/passwd"}}},
    ],
    "bad_base64": [{"row": {"photo": {"base64": "a path/../x"}}}],
    "unreadable_cell": [
        {"row": {"size": "much"}},
        {"row": {"photo": file(b"no picture")}},
        {"row": {"sound": file(b"RIFF no sound")}},
    ],
    "too_many_pixels": [{"row": {"photo": file(png_bomb())}}],
    "recording_too_long": [{"row": {"sound": file(hours())}}],
    "too_many_rows": [{"rows": [{}] * 1025}],
}


@pytest.mark.parametrize("code", BODIES)
def test_a_bad_body_is_refused_with_its_code(client, code):
    for body in BODIES[code]:
        answer = client.ask("POST", "/predict", body)
        said = answer.json
        assert said["code"] == code, (body if len(body) < 200 else len(body), said)
        assert 400 <= answer.status < 500
        assert said["request_id"] == answer.headers["x-request-id"]
        assert "Traceback" not in said["message"]


def test_a_recording_that_claims_hours_is_read_as_far_as_it_goes(client):
    answer = client.ask("POST", "/predict", {"row": {"sound": file(claims_hours())}})
    assert answer.status == 200
    assert "sound" not in answer.json["answers"][0]["missing"]


def test_routes_and_types_that_are_none(client):
    assert client.ask("GET", "/nothing").json["code"] == "not_found"
    assert client.ask("GET", "/runs/other/schema").json["code"] == "not_found"
    assert client.ask("GET", "/predict").json["code"] == "wrong_method"
    assert client.ask("POST", "/predict", b"a", Content_Type="text/plain").status == 415
    assert client.ask("POST", "/predict", b"a", Content_Encoding="gzip").status == 415
    assert client.ask("POST", "/predict?unreadable=no", b"{}").json["code"] == "bad_request"
    kept = client.ask("GET", "/ready", X_Request_ID="a-1")
    assert kept.headers["x-request-id"] == "a-1"
    assert client.ask("GET", "/ready", X_Request_ID="a b").headers["x-request-id"] != "a b"


def raw(client, *pieces, pause=0.0):
    """Send bytes as they are, and return what comes back until the server closes."""
    with socket.create_connection(client.host, timeout=20) as connection:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause)
        answer = b""
        while data := connection.recv(65536):
            answer += data
        return answer


HEAD = b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"


def test_four_gigabytes_are_refused_before_they_are_sent(client):
    began = time.monotonic()
    answer = raw(client, HEAD + b"Content-Length: 4294967296\r\n\r\n" + b"x" * 1000)
    assert b"413" in answer.split(b"\r\n")[0]
    assert b"body_too_large" in answer
    assert time.monotonic() - began < 10


def test_a_stream_without_end_is_cut(run):
    with live(run, "limits.body_bytes=100000") as client:
        chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        answer = raw(client, HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *[chunk] * 4)
        assert b"body_too_large" in answer
        assert client.server.application.bodies.held == 0


def test_slow_clients_are_let_go(run):
    with live(run, "times.header=0.3", "times.body=0.3") as client:
        assert b"slow_client" in raw(client, b"POST /predict HTTP/1.1\r\nHost")
        assert b"slow_client" in raw(client, HEAD + b"Content-Length: 100\r\n\r\n{")
        assert b"slow_client" in raw(client)  # says nothing at all
        assert b"bad_request" in raw(client, b"\x16\x03\x01 no HTTP\r\n\r\n")
        assert client.ask("GET", "/ready").status == 200


def test_a_token_is_asked_for(run, json_rows):
    with live(run, token="secret-1") as client:
        assert client.ask("GET", "/ready").status == 200
        body = {"row": json_rows[0]}
        for given in ({}, {"Authorization": "Bearer secret-2"}, {"Authorization": "secret-1"}):
            answer = client.ask("POST", "/predict", body, **given)
            assert answer.status == 401
            assert answer.json["code"] == "unauthorized"
        right = {"Authorization": "Bearer secret-1"}
        served = client.server.application.served.runs["run"]
        served.problem = "/srv/runs/run is gone."
        health = client.ask("GET", "/health").json["runs"]["run"]
        assert health["problem"] is True
        assert "srv" in client.ask("GET", "/health", **right).json["runs"]["run"]["problem"]
        assert client.ask("POST", "/predict", body, **right).status == 200


def test_a_full_queue_says_when_to_come_back(run, json_rows):
    with live(run, "limits.queue_rows=1", "limits.batch_rows=1", "times.wait=0.001") as client:
        dispatcher = client.server.application.dispatcher
        dispatcher.rows_waiting = 5000  # as if so many waited
        answer = client.ask("POST", "/predict", {"row": json_rows[0]})
        assert (answer.status, answer.json["code"]) == (429, "busy")
        assert int(answer.headers["retry-after"]) >= 1
        dispatcher.rows_waiting = 0
        assert client.ask("POST", "/predict", {"row": json_rows[0]}).status == 200
