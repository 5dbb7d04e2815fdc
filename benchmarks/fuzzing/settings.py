"""Configs, and settings of the command line."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml

from torso.core.registry import no_imports
from torso.core.yaml_text import read_yaml
from torso.runs.settings.check import check_values
from torso.runs.settings.config import RunConfig, read_config
from torso.runs.settings.described import described
from torso.runs.settings.paths import apply_settings

from .border import ALLOWED, Border
from .changes import bytes_changed, mostly, tree_changed, tree_text

__all__ = ["SETTINGS"]

_VALUES: dict[str, Any] = {
    "inputs": {
        "photo": {"kind": "image", "size": 32, "root": "photos"},
        "note": {"kind": "text", "vocabulary": 8000, "missing": ["?"]},
        "size": {"kind": "number"},
    },
    "targets": {
        "price": {"kind": "number", "transform": "log"},
        "colour": {"kind": "category", "decide_by": "macro_f1"},
    },
    "data": {"root": ["a", "b.zip"], "missing": ["-999"], "split": {"test": 0.2, "group": "shop"}},
    "encoders": {"photo": {"type": "convnet", "width": 8}, "note": "transformer"},
    "heads": {"price": {"type": "gaussian", "hidden": 8}},
    "fusion": {"type": "gated", "gate": "sigmoid"},
    "sharing": {"type": "mmoe"},
    "balancing": {"type": "gradnorm"},
    "training": {"epochs": 3, "lr": 1e-3, "monitor": "price.mae", "optimizer": "adamw"},
    "seed": 1,
    "budget": "90s",
    "folds": 0,
}
_TOKENS = (
    *(
        b"!!timestamp 2024-13-01",
        b"!!binary x",
        b"!!set {}",
        b"!!omap [a]",
        b"!!python/object:os.system x",
        b"&a ",
        b"*a",
    ),
    *(
        b"<<: *a",
        b": ",
        b"- ",
        b"? ",
        b"|\n  ",
        b">-\n",
        b"{",
        b"}",
        b"[",
        b"]",
        b"null",
        b"~",
        b"9999-99-99",
    ),
    *(
        b"1e400",
        b".inf",
        b".nan",
        b"0x",
        b"0o8",
        b"1:99:99",
        b"9" * 5000,
        b"[" * 2000,
        b"\t",
        b"\0",
        b"---",
        b"...",
        b"#",
    ),
    *(
        b"os:system",
        b"-1",
        b"=",
        b"==",
        b"'",
        b'"',
        b"\xff",
        b"\n",
        b"\xe2\x80\xa8",
        b"!",
        b"@",
        b"%",
        b"`",
    ),
)


def _tree(draw: random.Random, corpus: Sequence[bytes]) -> bytes:
    del corpus
    return tree_text(tree_changed(draw, _VALUES))


def _check(values: dict[str, Any]) -> None:
    with no_imports():
        check_values(values, trial=False)
        columns = {name: described(values.get(name), name) for name in ("inputs", "targets")}
        RunConfig.parse({**values, **columns}).to_yaml()


def _config(folder: Path) -> Border:
    file = folder / "run.yaml"

    def call(case: bytes) -> None:
        file.write_bytes(case)
        _check(read_config(file))

    dumped = yaml.safe_dump(_VALUES, sort_keys=False).encode()
    flow = yaml.safe_dump(_VALUES, default_flow_style=None).encode()
    return Border(call, [dumped, flow], mostly(_tree, bytes_changed(*_TOKENS), 0.5), 2.0)


def _yaml(folder: Path) -> Border:
    del folder
    texts = [yaml.safe_dump({key: value}).encode() for key, value in _VALUES.items()]

    def call(case: bytes) -> None:
        read_yaml(case.decode("utf-8", "replace"))

    # Whoever calls it says where the text stands.
    return Border(call, texts, bytes_changed(*_TOKENS), 2.0, allowed=(*ALLOWED, yaml.YAMLError))


def _set(folder: Path) -> Border:
    del folder
    texts = [
        *(
            "training.epochs=5",
            "inputs.a.b.kind=text",
            'inputs."a.b".missing=[1, ?]',
            "fusion=gated",
            "seed=3",
        ),
        *(
            "fusion.gate=softmax",
            "inputs.shop=null",
            "data.split.test=0.2",
            "data.delimiter=;",
            "budget=10m",
        ),
        *(
            "targets.price={kind: number}",
            "encoders.photo={type: convnet, width: 4}",
            "training.lr=1e-3",
        ),
        *(
            "folds=5",
            "dim=64",
            "data.missing=[?]",
            "data.date=%d.%m.%Y",
            "training.monitor=price.mae",
        ),
    ]

    def call(case: bytes) -> None:
        values = copy.deepcopy(_VALUES)
        apply_settings(values, [case.decode("utf-8", "replace")], ("a.b", "shop", "c=d"))
        _check(values)

    return Border(call, [text.encode() for text in texts], bytes_changed(*_TOKENS, most=3), 2.0)


SETTINGS: dict[str, Callable[[Path], Border]] = {
    "yaml": _yaml,
    "config": _config,
    "set": _set,
}
