"""Torso opens no connection on its own: fitting, answering and reporting work where every connection is an error."""

import subprocess
import sys

from tests import small_tables as tables

GUARD = """
import socket, sys
def refused(*arguments, **named):
    raise AssertionError(f"a connection was asked for: {arguments}")
for name in ("connect", "connect_ex", "sendto", "bind"):
    setattr(socket.socket, name, refused)
socket.getaddrinfo = socket.create_connection = refused
"""
USE = """
import torso
table, folder = sys.argv[1:]
settings = {"training.epochs": 1, "dim": 8, "folds": 0, "pretrained": "off"}
run = torso.fit(table, ["price"], out=folder + "/run", settings=settings)
run.predict(table)
torso.write_report([folder + "/run"], folder + "/report.html")
"""


def guarded(code, *arguments):
    """Return what a process wrote to standard error in which every connection is an error."""
    command = [sys.executable, "-c", GUARD + code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def test_the_guard_guards():
    code, told = guarded("socket.create_connection(('localhost', 9))")
    assert code == 1
    assert "a connection was asked for" in told


def test_fit_predict_and_report_open_no_connection(tmp_path):
    code, told = guarded(USE, tables.make(tmp_path), tmp_path)
    assert code == 0, told
    assert "a connection was asked for" not in told
    assert (tmp_path / "report.html").stat().st_size > 10_000
