"""Cures that commands print, and those of runs on disk: pasted into the command line."""

from __future__ import annotations

import json
import re
import shlex
import subprocess

import pytest

import torso
from tests.cures.templates import pasted, tries
from tests.small_tables import TARGETS, TINY, options, plain, write
from tests.small_tables import torso as command
from torso.core.errors import RunError
from torso.runs.blending.without_inputs import tell_no_signal
from torso.runs.folder.stage import Stage, mark
from torso.runs.networks.folds import _tell, _tell_time
from torso.training.best import _note
from torso.training.checkpoint import ANEW, Checkpoint
from torso.training.listeners import Listener

QUICK = [*options(TINY), "--quality", "fast", "--set", "blend=off"]


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A folder whose name a shell would break, with a table and a run of it."""
    folder = tmp_path_factory.mktemp("a shop")
    table, more = write(folder / "shop.csv", plain()), write(folder / "more.csv", plain(seed=1))
    assert command("fit", table, "-t", "loud", "-o", folder / "run", *QUICK) == 0
    return {"folder": folder, "table": table, "more": more, "run": folder / "run"}


@pytest.fixture
def say(capsys):
    """Return a function that runs a command line and returns its status and what it printed."""

    def said(*words: object) -> tuple[int, str]:
        capsys.readouterr()
        code = command(*words)
        shown = capsys.readouterr()
        assert "Traceback" not in shown.err
        return code, shown.out + shown.err

    return said


def commands(text: str, **filled: str) -> list[list[str]]:
    """Return the words after `torso` of each command that a text prints."""
    lines = [
        shlex.split(line)
        for line in re.findall(r"torso ((?:fit|predict|evaluate|inspect) .*)", text)
    ]
    return [[filled.get(word, word) for word in line] for line in lines]


def two_epochs(shop, say, tmp_path):
    """Return the exit status and the words of a fit of two epochs."""
    options = [*QUICK, "--set", "training.epochs=2"]
    return say("fit", shop["table"], "-t", "loud", "-o", tmp_path / "a run", *options)


@tries("torso evaluate {} LABELLED.csv")
def test_the_next_steps_after_a_fit(shop, say, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, text = say("fit", shop["table"], "-t", "loud", "-o", tmp_path / "my run", *QUICK)
    names = {"NEW.csv": str(shop["more"]), "LABELLED.csv": str(shop["more"])}
    steps = commands(text, **names)
    assert code == 0 and len(steps) == 2
    assert [say(*step)[0] for step in steps] == [0, 0]
    return text


@tries("Interrupted. Go on with: torso fit --resume")
def test_going_on_after_an_interruption(shop, say, tmp_path, monkeypatch):
    from torso.app.terminal import ProgressBar

    def interrupted(self, epoch):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ProgressBar, "epoch_done", interrupted)
        code, text = two_epochs(shop, say, tmp_path)
    assert code == 130
    (step,) = commands(text)
    assert say(*step)[0] == 0
    return text


@tries("Go on more slowly with: torso fit --resume")
def test_going_on_after_a_divergence(shop, say, tmp_path, monkeypatch):
    from torso.core.errors import Diverged
    from torso.training.trainer import Trainer

    def diverged(self):
        if self.epoch == 1:
            raise Diverged("The loss is NaN.")
        return epoch(self)

    epoch = Trainer._one_epoch
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_one_epoch", diverged)
        code, text = two_epochs(shop, say, tmp_path)
    assert code == 1
    (step,) = commands(text)
    assert say(*step)[0] == 0
    return text


@tries(
    "`--against` and `--picture` belong to `--robustness`",
    "A run of one network alone: --set folds=0 --set blend=off",
)
def test_robustness(shop, say, tmp_path):
    run = tmp_path / "both"
    say(
        "fit",
        shop["table"],
        "-t",
        "loud",
        "-o",
        run,
        *options({**TINY, "folds": 2}),
        "--set",
        "blend=off",
    )
    code, text = say("evaluate", run, shop["table"], "--against", shop["run"])
    assert code == 1
    code, more = say("evaluate", run, shop["table"], "--against", shop["run"], "--robustness")
    assert code == 0
    cures = [word for cure in pasted(more) for word in ("--set", cure)]
    say("fit", shop["table"], "-t", "loud", "-o", run, "--overwrite", *options(TINY), *cures)
    _, least = say("evaluate", run, shop["table"], "--robustness")
    assert "A run of one network alone" not in least
    return text + more


@tries("Name what to predict with --target")
def test_an_inspection_without_target(shop, say):
    text = say("inspect", shop["table"])[1]
    assert "--target" not in say("inspect", shop["table"], "--target", "loud")[1]
    return text


@tries("is read: it would be lost", "is a file of the run")
def test_a_file_that_would_be_lost(shop, say, tmp_path):
    said = [
        say("predict", shop["run"], shop["table"], "-o", lost)
        for lost in (shop["table"], shop["run"] / "answers.csv", shop["run"] / "schema.json")
    ]
    assert say("predict", shop["run"], shop["table"], "-o", tmp_path / "a.csv")[0] == 0
    return "\n".join(text for _, text in said)


@tries("To refuse such a table: --strict")
def test_a_table_without_an_input(shop, say, tmp_path):
    less = write(
        tmp_path / "less.csv", {name: cells for name, cells in plain().items() if name != "size"}
    )
    code, text = say("predict", shop["run"], less, "-o", tmp_path / "a.csv")
    assert code == 0
    assert say("predict", shop["run"], less, "-o", tmp_path / "a.csv", "--strict")[0] == 1
    return text


@tries(
    "holds a finished run. Choose another folder",
    "there is nothing to resume. Start without --resume",
)
def test_a_folder_of_a_finished_run(shop, say):
    again = ("fit", shop["table"], "-t", "loud", "-o", shop["run"], *QUICK)
    code, text = say(*again)
    assert code == 1
    code, more = say(*again, "--resume")
    assert code == 1
    empty = say(
        "fit", shop["table"], "-t", "loud", "-o", shop["folder"] / "none", *QUICK, "--resume"
    )[1]
    assert say(*again, "--overwrite")[0] == 0
    return text + more + empty


@tries(
    "holds an interrupted run. Go on with it",
    "Go on with it: torso fit --resume",
    "Start anew: choose another folder",
    "holds no checkpoint",
)
def test_a_folder_of_an_interrupted_run(shop, say, tmp_path):
    class Interrupts(Listener):
        def epoch_done(self, epoch):
            raise KeyboardInterrupt

    out, said = tmp_path / "a run", []
    given = {"settings": {**TINY, "training.epochs": 2, "blend": "off", "folds": 0}, "out": out}
    torso.fit(shop["table"], ["loud"], **given, listener=Interrupts())
    said.append(say("fit", shop["table"], "-t", "loud", "-o", out, *QUICK)[1])
    mark(out, Stage.UNDER_WAY)
    with pytest.raises(RunError) as error:
        torso.load(out)
    said.append(str(error.value))
    (step,) = commands(said[-1].partition(" (resume=True)")[0])
    code, text = say(*step)
    assert code == 0, text
    with pytest.raises(RunError) as error:
        Checkpoint(tmp_path / "none").noted()
    return "\n".join([*said, ANEW, str(error.value)])


@tries("Give the folder that `torso fit -o` wrote")
def test_a_folder_that_is_no_run(shop, say, tmp_path):
    text = say("evaluate", tmp_path, shop["table"])[1]
    assert say("evaluate", shop["run"], shop["table"])[0] == 0
    return text


@tries("name its encoding, such as --set data.encoding=")
def test_a_doubtful_encoding(say, tmp_path):
    columns = plain()
    columns["shop"] = ["Café", "Müller", "Øre"] * 13 + ["Ñu"]
    file = write(tmp_path / "shop.csv", columns)
    file.write_bytes(file.read_text(encoding="utf-8").encode("latin-1"))
    code, text = say("inspect", file)
    (cure,) = pasted(text)
    assert say("inspect", file, "--set", cure)[0] == code == 0
    return text


@tries("--set data.delimiter=$")
def test_a_table_of_tabs_that_is_read_as_one_column(say, tmp_path):
    file = write(tmp_path / "shop.csv", plain())
    file.write_text(file.read_text().replace(",", "\t"))
    code, text = say("fit", file, "-t", "loud", "--set", "data.delimiter=,")
    assert code == 1
    cure = re.search(r"--set data\.delimiter=\$'\\t'", text)[0]
    word = subprocess.run(
        ["bash", "-c", f"printf %s {cure.removeprefix('--set ')}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert torso.prepare(file, ["loud"], settings=[word.stdout]).config.data.delimiter == "\t"
    return text


@tries(
    "--set inputs.COLUMN.kind=",
    "--set targets.COLUMN.kind=",
    "--set encoders.MODALITY=",
    "--set heads.TASK=",
    "--set training.optimizer=",
    "--set training.schedule=",
    "app/listing.py --set {}={}",
    "--set {}.{}=VALUE",
)
def test_the_spelling_of_each_part_and_section():
    from torso.app.listing import rooms, sheets

    said = []
    for room, entries in rooms().items():
        said += [sheets(f"{room}/{entry.name}")[0].spelling for entry in entries]
    said += [sheet.spelling for name in ("training", "data") for sheet in sheets(name)]
    assert all(pasted(each) for each in said)
    for spelling in ("fusion=gated", "sharing=ple", "balancing=upgrad"):
        assert f"--set {spelling}" in said
        torso.prepare(plain(), TARGETS, settings=[spelling])
    filled = {"COLUMN": "note", "MODALITY": "note", "TASK": "loud", "VALUE": "3"}
    text = "\n".join(said)
    wanted = (
        "inputs.note.kind=text",
        "encoders.note=ngrams",
        "heads.loud=logistic",
        "training.epochs=3",
    )
    assert set(wanted) <= set(pasted(text, **filled))
    torso.prepare(plain(), TARGETS, settings=wanted)
    return text


class Notes(Listener):
    """Keeps what is noted."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def noted(self, note: str) -> None:
        self.said.append(note)


@tries(
    "To train one: --set folds=0",
    "`--quality best` trains most",
    "to have the network alone: --set blend=off",
    "To keep the one epoch that is best for their sum",
)
def test_notes_of_a_training():
    from types import SimpleNamespace

    notes = Notes()
    _tell(notes, 5, "fifth")
    _tell_time(notes, 1, 1, 60.0)
    tell_no_signal({"loud": SimpleNamespace(constant=1.0)}, notes)
    notes.noted(_note({"loud": 1, "price": 3}))
    text = "\n".join(notes.said)
    settings = [*pasted(text), "quality=best"]
    assert len(settings) == 4
    config = torso.prepare(plain(), TARGETS, settings=settings).config
    assert (config.folds, config.blend, config.training.select, config.quality) == (
        0,
        "off",
        "total",
        "best",
    )
    return text


@tries("`--quality balanced` adds plain models")
def test_a_fast_run():
    run = torso.fit(plain(), ["loud"], quality="fast", settings=TINY)
    better = torso.prepare(plain(), ["loud"], settings={**TINY, "quality": "balanced"})
    assert better.config.quality == "balanced"
    return "\n".join(run.notes)


@tries("such answers are none")
def test_what_works_where_an_answer_is_no_number(say, tmp_path):
    table = tmp_path / "vectors.json"
    rows = [{"size": n % 7 + 0.5, "where": [n % 5 + 0.5, n % 3 - 0.5]} for n in range(60)]
    table.write_text(json.dumps(rows))
    run = tmp_path / "run"
    kind = ["--set", "targets.where.kind=vector"]
    assert say("fit", table, "-t", "where", "-o", run, *QUICK, *kind)[0] == 0
    code, text = say("explain", run, table, "--row", 1)
    assert code == 1
    step = re.search(r"torso (evaluate RUN TABLE --robustness)", text)[1].split()
    named = {"RUN": run, "TABLE": table}
    assert say(*(named.get(word, word) for word in step))[0] == 0
    return text
