"""A run's folder, whose files were edited and whose digests were written anew: load, look, predict."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import torso
from tests import small_tables as tables
from torso.runs.folder.digests import digests_of

from .border import Border
from .changes import bytes_changed, mostly, tree_changed, tree_text

__all__ = ["RUNS", "small_run"]

_JSON = ("schema.json", "statistics.json", "vocabulary.json", "metrics.json", "plain.json")
_OTHERS = (
    *(
        "run.yaml",
        "model.safetensors",
        "plain.safetensors",
        "held_out.parquet",
        "split.parquet",
        "skipped.jsonl",
    ),
    *("examples.parquet", "log.jsonl", "torso.json"),
)
_SEPARATOR = b"\n\n"
"""Between the file's name and its content."""


def small_run(folder: Path) -> Path:
    settings = {
        **tables.TINY,
        "folds": 0,
        "inputs.shop.kind": "category",
        "plain.models": ["linear"],
    }
    torso.fit(
        tables.plain(60), ["price", "colour", "loud"], out=folder / "whole", settings=settings
    )
    return folder / "whole"


def _tree(draw: random.Random, corpus: Sequence[bytes]) -> bytes:
    name, _, content = draw.choice(
        [case for case in corpus if case.split(_SEPARATOR)[0].decode() in _JSON]
    ).partition(_SEPARATOR)
    return name + _SEPARATOR + tree_text(tree_changed(draw, json.loads(content)))


def _bytes(draw: random.Random, corpus: Sequence[bytes]) -> bytes:
    name, _, content = draw.choice(corpus).partition(_SEPARATOR)
    change = bytes_changed(
        b"null", b"-1", b"1e400", b"[]", b"{}", b'""', b"true", b"99999999999", b"NaN"
    )
    return name + _SEPARATOR + change(draw, [content])


def _loaded(folder: Path) -> Border:
    whole = small_run(folder)
    copy = Path(shutil.copytree(whole, folder / "copy"))
    marker = json.loads((whole / "torso.json").read_text())
    contents = {path.name: path.read_bytes() for path in whole.iterdir() if path.is_file()}
    row = tables.plain(2)

    def call(case: bytes) -> None:
        name, _, content = case.partition(_SEPARATOR)
        file = copy / name.decode()
        for other, own in contents.items():
            if not (copy / other).exists() or (copy / other).stat().st_size != len(own):
                (copy / other).write_bytes(own)
        file.write_bytes(content)
        try:
            if file.name != "torso.json":
                new = {**marker, "digests": digests_of(copy)}
                (copy / "torso.json").write_text(json.dumps(new))
            run = torso.load(copy)
            repr(run)
            repr(run.report)
            run.report.scores()
            run.report.to_dict()
            run.predict(row)
        finally:
            file.write_bytes(contents[file.name])
            (copy / "torso.json").write_bytes(contents["torso.json"])

    corpus = [
        name.encode() + _SEPARATOR + contents[name]
        for name in (*_JSON, *_OTHERS)
        if name in contents
    ]
    return Border(call, corpus, mostly(_tree, _bytes, 0.4), 4.0, guided=False)


RUNS: dict[str, Callable[[Path], Border]] = {"load": partial(_loaded)}
