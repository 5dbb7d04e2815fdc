"""Settings of a server: its limits, its bounds on time, its address."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

from torso.core.errors import ConfigError, unknown
from torso.serving.values import Json

__all__ = ["Address", "Limits", "ServeSettings", "Times", "changed", "read_token"]

_MIB = 1 << 20


class _Checked:
    """Values that are all above zero."""

    def __post_init__(self) -> None:
        for entry in fields(self):  # type: ignore[arg-type]  # the children are dataclasses
            value = getattr(self, entry.name)
            if not (0 < value < math.inf):
                raise ConfigError(
                    f"`{entry.name}` of the server should be above 0 and finite. Found {value!r}."
                )


@dataclass(frozen=True)
class Limits(_Checked):
    """The largest requests that are read; larger ones are refused with 413, fuller ones with 429.

    Attributes:
        body_bytes: of a request to predict or explain.
        table_bytes: of a table, and of its cells once decompressed.
        waiting_bytes: of all bodies that are read or wait at once.
        rows: of a request to predict.
        table_rows: of a table.
        file_bytes: of a cell's file.
        pixels: of a picture, or of a frame of a video, by its header.
        seconds_of_sound: of a recording, by its header.
        seconds_of_video: of a video, by its header.
        queue_rows: rows that wait for an answer.
        batch_rows: rows that are answered at once.
        connections: open at once; more are closed at once with 503.
    """

    body_bytes: int = 32 * _MIB
    table_bytes: int = 256 * _MIB
    waiting_bytes: int = 512 * _MIB
    rows: int = 1024
    table_rows: int = 1_000_000
    file_bytes: int = 16 * _MIB
    pixels: int = 50_000_000
    seconds_of_sound: int = 600
    seconds_of_video: int = 600
    queue_rows: int = 2048
    batch_rows: int = 64
    connections: int = 512


@dataclass(frozen=True)
class Times(_Checked):
    """Bounds in seconds.

    Attributes:
        header: for a request's head to arrive.
        body: for a request's body to arrive, and for a client to take a piece of an answer.
        wait: bound on an answer where others wait; a request is refused with 429 if 0.4 of it is foreseen.
        answer: for an answer; then 504.
        explain: for an explanation; then 504.
        table: for a table's answers; then 504.
        batch: that a request waits for others which are being read, to be answered with them.
        drain: for accepted requests after SIGTERM.
        watch: between two looks at the folders of the runs.
    """

    header: float = 10.0
    body: float = 30.0
    wait: float = 1.0
    answer: float = 30.0
    explain: float = 30.0
    table: float = 300.0
    batch: float = 0.002
    drain: float = 30.0
    watch: float = 1.0


@dataclass(frozen=True)
class Address:
    """Where the server listens.

    Attributes:
        host: an address of this machine; loopback unless another is named.
        port: 0 for any free one.
    """

    host: str = "127.0.0.1"
    port: int = 8000


@dataclass(frozen=True)
class ServeSettings:
    """All settings of a server.

    Attributes:
        limits: the largest requests.
        times: bounds in seconds.
        address: where it listens.
        token: that requests must bear; empty for none.
        workers: threads that answer; 0: half the processors.
        examples: a table of example rows to show, with `roots` for its files.
        roots: folders or zips that the examples' files lie in.
        thresholds: `TASK=NUMBER`, as `torso predict` takes them.
    """

    limits: Limits = Limits()
    times: Times = Times()
    address: Address = Address()
    token: str = field(default="", repr=False)
    workers: int = 0
    examples: Path | None = None
    roots: tuple[str, ...] = ()
    thresholds: tuple[str, ...] = ()

    @property
    def threads(self) -> int:
        """Threads that answer."""
        return self.workers or max(1, (os.cpu_count() or 1) // 2)


def changed(settings: ServeSettings, said: Sequence[str]) -> ServeSettings:
    """Return settings with limits and times that were said.

    >>> changed(ServeSettings(), ["limits.rows=10", "times.wait=0.5"]).limits.rows
    10

    Args:
        settings: before.
        said: `limits.NAME=NUMBER` or `times.NAME=SECONDS`.

    Raises:
        ConfigError: no such setting, or no number above zero.
    """
    limits: Json = asdict(settings.limits)
    times: Json = asdict(settings.times)
    for text in said:
        path, _, value = text.partition("=")
        section, _, name = path.partition(".")
        known = {"limits": limits, "times": times}
        if section not in known:
            raise ConfigError(f"`--set` {text!r}: {unknown('section', section, known)}")
        if name not in known[section]:
            raise ConfigError(f"`--set` {text!r}: {unknown('setting', name, known[section])}")
        try:
            known[section][name] = type(known[section][name])(value)
        except ValueError:
            raise ConfigError(f"`{path}` should be a number. Found {value!r}.") from None
    return replace(settings, limits=Limits(**limits), times=Times(**times))


def read_token(file: Path | None) -> str:
    """Return the token in a file, or that of `TORSO_TOKEN`; empty without either.

    Raises:
        ConfigError: an empty file, or a token that no header can hold.
    """
    token = os.environ.get("TORSO_TOKEN", "") if file is None else file.read_text().strip()
    if file is not None and not token:
        raise ConfigError(f"`--token-file` {str(file)!r} is empty. Write a token into it.")
    if token and not (token.isascii() and token.isprintable() and " " not in token):
        raise ConfigError("The token should be printable ASCII without blanks.")
    return token
