"""Mistakes that people make: each is answered at once, with the value and a cure that works when pasted.

All run in one process that cannot import torch, so an answer takes milliseconds.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass

import pytest

from tests.places import ROOT
from tests.small_tables import TINY, plain, write

FIT = "fit shop.csv -t price"


@dataclass(frozen=True)
class Mistake:
    """A command line, parts of the answer, and what is to be typed instead.

    Args:
        typed: the words after `torso`.
        told: parts of the answer.
        cure: the words after `torso` that the answer names, whole (`Try: torso …`) or as the options to use.
    """

    typed: str
    told: tuple[str, ...]
    cure: str = ""


MISTAKES = [
    # misspelt names
    Mistake("fit shop.csv -t prise", ("target column 'prise'", "'price'"), FIT),
    Mistake("fit shop.csv -t Price", ("'Price'", "'price'"), FIT),
    Mistake("fit shpo.csv -t price", ("shpo.csv: file not found",), FIT),
    Mistake(f"{FIT} --set inputs.sise=number", ("'sise'",), f"{FIT} --set inputs.size=number"),
    Mistake(
        f"{FIT} --set inputs.Farm.Nam.kind=text",
        ("'Farm.Nam'",),
        f"{FIT} --set inputs.Farm.Name.kind=text",
    ),
    Mistake(f"{FIT} --set balancing=upgradd", ("'upgradd'",), f"{FIT} --set balancing=upgrad"),
    Mistake(f"{FIT} --set fusion=gatd", ("'gatd'",), f"{FIT} --set fusion=gated"),
    Mistake(
        f"{FIT} --set data.split.group=shopp", ("'shopp'",), f"{FIT} --set data.split.group=shop"
    ),
    # words of other tools, old keys
    Mistake("train shop.csv -t price", ("'train'",), FIT),
    Mistake(
        f"{FIT} --set inputs.note.kind=string", ("string",), f"{FIT} --set inputs.note.kind=text"
    ),
    Mistake(f"{FIT} --set tasks.loud=binary", ("'tasks'",), f"{FIT} --set targets.loud=binary"),
    Mistake(f"{FIT} --set balancer=equal", ("'balancer'",), f"{FIT} --set balancing=equal"),
    Mistake(f"{FIT} --set epochs=3", ("'epochs'",), f"{FIT} --set training.epochs=3"),
    Mistake(
        f"{FIT} --set training.learning_rate=0.01",
        ("'learning_rate'",),
        f"{FIT} --set training.lr=0.01",
    ),
    Mistake(f"{FIT} --epochs 3", ("--epochs",), "--set training.epochs=3"),
    Mistake(f"{FIT} --batch-size=8", ("--batch-size",), "--set training.batch_size=8"),
    # wrong values
    Mistake(
        f"{FIT} --set training.epochs=0",
        ("`training.epochs`", "0"),
        f"{FIT} --set training.epochs=40",
    ),
    Mistake(
        f"{FIT} --set training.lr=-1", ("`training.lr`", "-1"), f"{FIT} --set training.lr=0.001"
    ),
    Mistake(
        f"{FIT} --set training.lr=fast", ("`training.lr`", "fast"), f"{FIT} --set training.lr=0.001"
    ),
    Mistake(
        f"{FIT} --set data.split.test=20",
        ("`data.split.test`", "20"),
        f"{FIT} --set data.split.test=0.2",
    ),
    Mistake(f"{FIT} --quality high", ("`quality`", "high", "'best'"), f"{FIT} --quality balanced"),
    Mistake(f"{FIT} --set dim=wide", ("`dim`", "wide"), f"{FIT} --set dim=128"),
    # settings of parts
    Mistake(
        f"{FIT} --set fusion.hiden=3",
        ("`fusion.hiden`", "fusion 'concat'"),
        f"{FIT} --set fusion.hidden=3",
    ),
    Mistake(
        f"{FIT} --set 'fusion={{type: gated, gate: sofmax}}'",
        ("`fusion.gate`", "'sofmax'"),
        f"{FIT} --set 'fusion={{type: gated, gate: softmax}}'",
    ),
    Mistake(
        f"{FIT} --set balancing=upgrad --set balancing.grm=exact",
        ("`balancing.grm`",),
        f"{FIT} --set balancing=upgrad --set balancing.gram=exact",
    ),
    Mistake(f"{FIT} --set balancing=fixed", ("'fixed' needs the setting `weights`",)),
    Mistake(f"{FIT} --set encoders.note=hub", ("'hub' needs the setting `name`",)),
    Mistake(f"{FIT} --set encoders.note.width=wide", ("`encoders.note.width`", "'wide'", "whole")),
    Mistake(
        f"{FIT} --set encoders.numbers.widht=8",
        ("'widht'",),
        f"{FIT} --set encoders.numbers.width=8",
    ),
    Mistake(f"{FIT} --set encoders.nte=ngrams", ("'nte'",), f"{FIT} --set encoders.note=ngrams"),
    Mistake(f"{FIT} --set heads.price.hidden=abc", ("`heads.price.hidden`", "'abc'")),
    Mistake(f"{FIT} --set heads.prise.hidden=3", ("'prise'",), f"{FIT} --set heads.price.hidden=3"),
    Mistake(
        "inspect shop.csv --set sharing=mmoee", ("'mmoee'",), "inspect shop.csv --set sharing=mmoe"
    ),
    Mistake(
        f"{FIT} --set training.device=gpu",
        ("`training.device`", "gpu"),
        f"{FIT} --set training.device=auto",
    ),
    # how a list or a setting is written
    Mistake("fit shop.csv -t price,loud", ("'price,loud'",), "-t price -t loud"),
    Mistake("fit shop.csv -t price loud", ("Unexpected: loud",), "-t price -t loud"),
    Mistake(f"{FIT} --set inputs=note,size", ("'note,size'",), "--set 'inputs=[note, size]'"),
    Mistake(f"{FIT} --set training.epochs", ("'training.epochs'", "training.epochs=5")),
    Mistake(
        f"{FIT} --set dim=8 training.epochs=3",
        ("Unexpected: training.epochs=3",),
        "--set dim=8 --set training.epochs=3",
    ),
    Mistake("fit shop.csv semi.csv -t price", ("one table",), "--set data.test=semi.csv"),
    Mistake(f"{FIT} --set training.epochs 3", ("Unexpected: 3",), "--set training.epochs=3"),
    # forgotten, twice, swapped
    Mistake("fit shop.csv", ("No target", "--target price")),
    Mistake("fit -t price", ("No table",)),
    Mistake(
        f"{FIT} --set inputs.price=number", ("['price']", "not both"), "--set inputs.price=null"
    ),
    Mistake(
        "predict shop.csv run -o x.csv", ("'shop.csv', a file",), "predict run shop.csv -o x.csv"
    ),
    Mistake("evaluate shop.csv run", ("'run', a run",), "evaluate run shop.csv"),
    Mistake("predict run shop.csv -o shop.csv", ("'shop.csv'", "lost", "another file")),
    # the wrong file
    Mistake("fit run -t price", ("run is the folder of a run",), "fit -c run/run.yaml"),
    Mistake("fit run/run.yaml -t price", ("a config, not a table",), "fit -c run/run.yaml"),
    Mistake("fit -c run", ("'run' is a folder",), "-c run/run.yaml"),
    Mistake("fit -c shop.csv", ("shop.csv should hold a mapping", "fit shop.csv -t COLUMN")),
    Mistake("fit shop.csv -t price -o run", ("'run' holds a finished run", "--overwrite")),
    Mistake("predict run shp.csv -o x.csv", ("shp.csv",), "predict run shop.csv -o x.csv"),
    Mistake("predict runn shop.csv -o x.csv", ("'runn'",), "predict run shop.csv -o x.csv"),
    Mistake("fit shop.xlsx -t price", ("unknown kind of table '.xlsx'", ".csv")),
    # what is in the file
    Mistake("fit empty.csv -t price", ("empty.csv is empty",)),
    Mistake("fit header.csv -t price", ("header.csv has no rows",)),
    Mistake(
        "fit semi.csv -t price --set data.delimiter=,",
        ("one column", "price;"),
        "--set 'data.delimiter=;'",
    ),
]

BLIND = """
import io, json, shlex, sys, time
from contextlib import redirect_stderr, redirect_stdout
from importlib.machinery import ModuleSpec

class Blind:
    # torch is there, but whoever imports it is told
    def find_spec(self, name, path=None, target=None):
        return ModuleSpec("torch", self) if name == "torch" else None
    def create_module(self, spec):
        raise ImportError("torch is imported")
    def exec_module(self, module):
        raise ImportError("torch is imported")

sys.meta_path.insert(0, Blind())
import torso.runs.preparing.early, torso.app.terminal
from torso.app.cli import main

for line in json.load(sys.stdin):
    sys.argv, said = ["torso", *shlex.split(line)], io.StringIO()
    began = time.process_time()
    with redirect_stdout(said), redirect_stderr(said):
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code
        except ImportError as error:
            code = str(error)
    print(json.dumps([code, time.process_time() - began, said.getvalue()]))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with tables, and what looks like a run."""
    folder = tmp_path_factory.mktemp("mistakes")
    columns = plain()
    columns["Farm.Name"] = columns["shop"]
    write(folder / "shop.csv", columns)
    text = (folder / "shop.csv").read_text()
    (folder / "semi.csv").write_text(text.replace(",", ";"))
    (folder / "header.csv").write_text(text.splitlines()[0] + "\n")
    (folder / "empty.csv").write_text("")
    (folder / "shop.xlsx").write_text("x")
    run = folder / "run"
    run.mkdir()
    (run / "schema.json").write_text("{}")
    (run / "run.yaml").write_text("data: {table: ../shop.csv}\ntargets: {price: {}}\n")
    (run / "torso.json").write_text('{"torso": "1", "state": "finished"}')
    return folder


CURED = [mistake for mistake in MISTAKES if mistake.cure]


@pytest.fixture(scope="module")
def answers(folder) -> list[tuple[object, float, str]]:
    """Return status, CPU seconds and text of each mistake, then of each cure, from a process that cannot import torch."""
    lines = [mistake.typed for mistake in MISTAKES] + [mended(mistake) for mistake in CURED]
    ended = subprocess.run(
        [sys.executable, "-c", BLIND],
        cwd=folder,
        input=json.dumps(lines),
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        check=True,
    )
    return [tuple(json.loads(line)) for line in ended.stdout.splitlines()]


def mended(mistake: Mistake) -> str:
    """Return the command line with the cure in it, as a user would paste it."""
    if not mistake.cure.startswith("-"):
        return mistake.cure
    option = mistake.cure.split()[0]
    if option == "-c":
        return f"fit {mistake.cure}"
    if option == "-t":
        return f"fit shop.csv {mistake.cure}"
    if "inputs.price" in mistake.cure:
        return f"{mistake.typed} {mistake.cure}"
    table = mistake.typed.split()[1]
    return f"fit {table} -t price {mistake.cure}"


def test_each_mistake_is_answered_at_once_with_value_and_cure(answers):
    wrong = []
    told = answers[: len(MISTAKES)]
    for mistake, (code, seconds, text) in zip(MISTAKES, told, strict=True):
        whole = (
            mistake.cure if mistake.cure.startswith("-") else shlex.join(shlex.split(mistake.cure))
        )
        faults = [part for part in (*mistake.told, whole) if part not in text]
        if faults or code not in (1, 2) or seconds > 1 or "Traceback" in text:
            wrong.append(f"torso {mistake.typed}: {code}, {seconds:.1f} s, lacks {faults}\n{text}")
    assert not wrong, "\n".join(wrong)
    assert len(MISTAKES) >= 30


def test_each_cure_is_taken_where_the_mistake_was_not(answers):
    told = answers[len(MISTAKES) :]
    wrong = [
        f"torso {mended(mistake)}: {code}\n{text}"
        for mistake, (code, _, text) in zip(CURED, told, strict=True)
        # The next step of every command but `list` needs torch: no slip was left.
        if code not in (0, "torch is imported")
    ]
    assert not wrong, "\n".join(wrong)


def test_folds_that_would_be_empty_are_refused_before_training(folder):
    import torso
    from torso.core.errors import ConfigError

    with pytest.raises(
        ConfigError, match=r"`folds` should be at most .* Found 500\. Try --set folds=5"
    ):
        torso.fit(plain(), ["price"], settings={**TINY, "folds": 500, "blend": "off"})
