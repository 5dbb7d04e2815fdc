"""Processes that decode: whatever happens to them, every file gets its answer and none stays behind."""

import os
import signal
import subprocess
import sys
import time
from functools import partial

import numpy as np
import pytest

from tests import small_tables as tables
from tests.places import SOURCE
from torso.columns.media import MediaError, decode_image
from torso.columns.media.processes import DecodingProcesses, processes_work

pytestmark = pytest.mark.skipif(not processes_work(), reason="no processes on this platform")
DECODE = partial(decode_image, size=16)
FILES = [tables.png((shade, 0, 0)) for shade in range(50)]

SCRIPT = """
import sys, time
from functools import partial
from torso.columns.media import decode_image
from torso.columns.media.processes import DecodingProcesses

print("line of the script", flush=True)
with DecodingProcesses(partial(decode_image, size=16), 2) as processes:
    processes.wait()
    print(*[process._child.pid for process in processes._processes], flush=True)
    while True:
        processes.ask([b"no picture"])
        time.sleep(0.01)
        if "quick" in sys.argv:
            break
"""


def script(tmp_path, *arguments, **settings):
    """Start a script that has no `if __name__ == "__main__"`."""
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    return subprocess.Popen(
        [sys.executable, str(path), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        **settings,
    )


def pids_of(child):
    assert child.stdout.readline() == "line of the script\n"
    return [int(pid) for pid in child.stdout.readline().split()]


def gone(pids):
    """Whether all processes end within ten seconds."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        alive = [pid for pid in pids if os.path.exists(f"/proc/{pid}")]
        if not alive:
            return True
        time.sleep(0.05)
    return False


def test_answers_are_those_of_this_process():
    files = [*FILES, b"no picture", tables.png_bomb()]
    with DecodingProcesses(DECODE, 2) as processes:
        processes.wait()
        futures = [processes.ask(files), processes.ask(files[::-1])]
        answer, other = (future.result() for future in futures)
    for decoded, again, data in zip(answer, other[::-1], files, strict=True):
        if data in FILES:
            np.testing.assert_array_equal(decoded, DECODE(data))
            np.testing.assert_array_equal(again, decoded)
        else:
            assert isinstance(decoded, MediaError)
            assert str(decoded) == str(again)
    assert "megapixels" in str(answer[-1])


def test_no_more_is_taken_than_can_wait():
    with DecodingProcesses(DECODE, 1) as processes:
        processes.wait()
        futures = [processes.ask(FILES * 20) for _ in range(3)]
        assert [future is None for future in futures] == [False, False, True]


def test_a_dead_process_hands_its_work_back():
    with DecodingProcesses(DECODE, 1) as processes:
        processes.wait()
        processes._processes[0]._child.kill()
        assert processes.ask(FILES).result() is None


@pytest.mark.parametrize("decode", [lambda data: data, int.from_bytes])
def test_what_cannot_be_sent_or_fails_in_another_way(decode):
    """A lambda gets no process; an error that is not about the file ends it, and shows where it is called."""
    with DecodingProcesses(decode, 1) as processes:
        processes.wait()
        answer = processes.ask(["not bytes"])
        assert answer is None or answer.result() is None


def test_an_interpreter_that_does_not_start(monkeypatch):
    monkeypatch.setattr(sys, "executable", "python-that-is-not-there")
    with DecodingProcesses(DECODE, 2) as processes:
        processes.wait()
        assert processes.ask(FILES) is None
    for name in ("", "some-program"):
        monkeypatch.setattr(sys, "executable", name)
        assert not processes_work()


def test_a_script_without_a_guard_runs_once(tmp_path):
    child = script(tmp_path, "quick")
    pids = pids_of(child)
    rest, errors = child.communicate(timeout=60)
    assert (child.returncode, rest, errors) == (0, "", "")
    assert len(pids) == 2
    assert gone(pids)


def heard():
    """Let a process hear Ctrl-C, also where these tests run in the background, as which it is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_ends_all_of_them(tmp_path):
    child = script(tmp_path, start_new_session=True, preexec_fn=heard)
    pids = pids_of(child)
    os.killpg(child.pid, signal.SIGINT)
    _, errors = child.communicate(timeout=60)
    assert errors.count("KeyboardInterrupt") == 1
    assert gone(pids)


def test_they_end_with_a_killed_parent(tmp_path):
    child = script(tmp_path)
    pids = pids_of(child)
    child.kill()
    child.communicate(timeout=60)
    assert gone(pids)
