"""Edits of run.yaml: what they leave without a meaning goes and is told; nothing is ignored, and slips are refused."""

import random
import re
import shlex
from copy import deepcopy

import numpy as np
import pytest
import yaml

import torso
from torso.core.errors import ConfigError, TorsoError
from torso.runs.settings.config import read_config

ROWS = 40
RNG = np.random.default_rng(0)
QUIET = {"folds": 0, "blend": "off", "pretrained": "off", "training.epochs": 1, "dim": 8}
ODD = 'a = "b".c'


def number():
    return RNG.normal(size=ROWS).round(3).tolist()


def words(*known):
    return [known[row] for row in RNG.integers(len(known), size=ROWS)]


def sentences():
    return [
        f"{' '.join(words('old', 'new', 'red', 'door', 'of', 'house')[:7])} {row}"
        for row in range(ROWS)
    ]


TABLES = {
    "coffee": {
        "note": sentences(),
        "Grading.Date": [f"2024-0{row % 9 + 1}-11" for row in range(ROWS)],
        "Owner.1": words("Ann", "Bo", "Cy"),
        ODD: words("u", "v", "w"),
        "size": number(),
        "colour": words("red", "green", "blue"),
        "loud": words("yes", "no"),
        "price": number(),
    },
    "numbers": {"x": number(), "y": number(), "z": number(), "one": number(), "two": number()},
    "words": {
        "title": sentences(),
        "body": sentences(),
        "Farm.Name": words("a", "b", "c"),
        "size of": words("s", "m", "l"),
        "stars": [int(stars) for stars in RNG.integers(1, 4, ROWS)],
        "kind": words("p", "q", "r"),
    },
    "中": {
        "价格": number(),
        "名字": words("甲", "乙", "丙"),
        "type": words("k", "l"),
        "0": number(),
        "类": words("好", "坏"),
    },
}
TARGETS = {
    "coffee": ["colour", "loud", "price"],
    "numbers": ["one", "two"],
    "words": ["stars", "kind"],
    "中": ["0", "类"],
}


@pytest.fixture(scope="module", params=TABLES)
def written(request, tmp_path_factory):
    """A table's name and the run.yaml that a fit on it would write."""
    return request.param, _written(request.param, tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def coffee(tmp_path_factory):
    return _written("coffee", tmp_path_factory.mktemp("coffee"))


def _written(name, folder):
    weights = {task: row + 1 for row, task in enumerate(TARGETS[name])}
    settings = {**QUIET, "balancing": {"type": "fixed", "weights": weights}}
    config = torso.prepare(TABLES[name], TARGETS[name], settings=settings).config
    path = folder / "run.yaml"
    path.write_text(config.to_yaml(), encoding="utf-8")
    return path


def prepare(path, *settings, targets=(), table="coffee"):
    return torso.prepare(TABLES[table], targets, config=path, settings=settings)


def told(prepared):
    return {
        path
        for note in prepared.notes
        if note.startswith("Config: ")
        for path in re.findall("`([^`]+)`", note)
    }


@pytest.mark.parametrize(
    ("settings", "paths"),
    [
        (["inputs.note=null"], {"encoders.note"}),
        (["inputs.note=null", "encoders.note=null"], set()),
        (["inputs.size=null", "inputs.Grading.Date=null"], {"encoders.numbers"}),
        (["targets.loud=null"], {"heads.loud", "balancing.weights.loud"}),
        (["targets.loud.kind=category"], {"heads.loud"}),
        (["inputs.Owner.1.kind=text"], {"inputs.Owner.1.most"}),
        (['inputs."Owner.1".kind=text'], {"inputs.Owner.1.most"}),
        (["inputs.'Owner.1'=null"], set()),
        ([f"inputs.{ODD}=null"], set()),
        ([f"inputs.{ODD}.most=7"], set()),
        (["inputs.Grading.Date.kind=text"], {"inputs.Grading.Date.format"}),
        (["fusion.type=gated"], {"fusion", "fusion.hidden", "fusion.dropout"}),
        (["balancing.type=equal"], {"balancing", "balancing.weights"}),
        (["encoders.note=null"], set()),
        (["heads.loud=null", "encoders=null", "heads=null", "fusion=null", "training=null"], set()),
    ],
)
def test_what_an_edit_leaves_behind_goes_and_is_told(coffee, settings, paths):
    assert told(prepare(coffee, *settings)) == paths


def test_one_task_of_a_run(coffee):
    prepared = prepare(coffee, targets=["colour"])
    assert list(prepared.config.targets) == list(prepared.config.heads) == ["colour"]
    assert prepared.config.balancing["weights"] == {"colour": 1}
    assert told(prepared) == {
        f"{at}.{task}" for at in ("heads", "balancing.weights") for task in ("loud", "price")
    }


def test_a_task_that_is_named_again_keeps_its_description(coffee, tmp_path):
    values = read_config(coffee)
    values["targets"]["loud"] = {"kind": "category"}
    del values["heads"]["loud"]
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(values, allow_unicode=True))
    config = prepare(tmp_path / "run.yaml", targets=["loud"]).config
    assert config.targets["loud"]["kind"] == "category"


def test_an_input_becomes_a_target(coffee):
    prepared = prepare(coffee, targets=["colour", "size"])
    assert {"inputs.size"} <= told(prepared)
    assert "size" not in prepared.config.inputs


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("encoders.nte.width=3", "Did you mean 'note'"),
        ("encoders.nte=null", "Did you mean 'note'"),
        ("heads.lod=null", "Did you mean 'loud'"),
        ("encoders.Owner.1=null", "Unknown modality"),
        ("inputs.note.most=3", "inputs.note.most"),
        ("fusion.members=3", "fusion.members"),
        ("inputs.Ownr.1.kind=text", "Did you mean 'Owner.1'"),
        ("epochs=3", "Did you mean 'training.epochs'"),
    ],
)
def test_a_slip_in_a_setting_is_refused(coffee, setting, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        prepare(coffee, setting)


def test_a_slip_in_the_file_is_refused_with_a_cure_that_works(coffee, tmp_path):
    values = read_config(coffee)
    values["encoders"]["my.nte"] = {"type": "ngrams"}
    values["heads"]["lod"] = {"type": "logistic"}
    file = tmp_path / "run.yaml"
    file.write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
    cures = []
    for name in ("heads.lod", "encoders.my.nte"):
        with pytest.raises(ConfigError, match=re.escape(name.partition(".")[2])) as error:
            prepare(file, *cures)
        cures.append(shlex.split(str(error.value).partition("--set ")[2])[0])
    prepare(file, *cures)


class Edit:
    """Random edits of a config: as settings, or by hand in the file."""

    def __init__(self, values, rng):
        self.values, self.rng = values, rng
        self.settings, self.hand, self.wanted = {}, deepcopy(values), []

    def set(self, path, value):
        """Set a value, None to remove it."""
        *above, last = path
        holder = self.hand
        for key in above:
            holder = holder[key]
        if value is None:
            holder.pop(last)
        else:
            holder[last] = value
        self.settings[".".join(path)] = value
        self.wanted.append((path, value))

    def remove(self, section):
        names = list(self.hand[section])
        if len(names) > 1:
            self.set((section, self.rng.choice(names)), None)

    def remove_input(self):
        self.remove("inputs")

    def remove_target(self):
        self.remove("targets")

    def change_input(self):
        name = self.rng.choice(list(self.hand["inputs"]))
        self.set(("inputs", name, "kind"), self.rng.choice(["text", "category", "name", "number"]))

    def change_target(self):
        name = self.rng.choice(list(self.hand["targets"]))
        self.set(
            ("targets", name, "kind"),
            self.rng.choice(["category", "number", "binary", "tags", "count"]),
        )

    def swap(self):
        part, names = self.rng.choice(
            [
                ("fusion", ["gated", "late", "transformer", "mult", "film", "low_rank"]),
                ("sharing", ["hard", "ple", "mmoe", "cross_stitch", "adapters"]),
                ("balancing", ["equal", "uncertainty", "pcgrad", "upgrad", "dwa"]),
            ]
        )
        self.set((part, "type"), self.rng.choice(names))

    def back_to_default(self):
        section = self.rng.choice(["encoders", "heads"])
        names = list(self.hand[section])
        self.set((section, self.rng.choice(names)), None)


def _left(values):
    """Yield the path of every part, and of every setting of a part or a column, in a config."""
    for section in ("inputs", "targets", "encoders", "heads"):
        for name, spec in values[section].items():
            yield (section, name)
            yield from ((section, name, key) for key in spec)
    for section in ("fusion", "sharing", "balancing"):
        yield from ((section, key) for key in values[section])


@pytest.mark.parametrize("by_hand", [False, True])
def test_random_edits_are_followed_or_refused_and_never_ignored(written, by_hand, tmp_path):
    table, path = written
    before, rng = read_config(path), random.Random(f"{table} {by_hand}")
    steps = [
        "remove_input",
        "remove_target",
        "change_input",
        "change_target",
        "swap",
        "back_to_default",
    ]
    refused = 0
    for _ in range(5):
        edit = Edit(before, rng)
        for step in rng.sample(steps, rng.choice([1, 1, 2, 3])):
            getattr(edit, step)()
        file = tmp_path / "run.yaml"
        file.write_text(
            yaml.safe_dump(edit.hand if by_hand else before, allow_unicode=True), encoding="utf-8"
        )
        try:
            prepared = torso.prepare(
                TABLES[table], config=file, settings={} if by_hand else edit.settings
            )
        except TorsoError as error:
            refused += 1
            assert _names_line_and_cure(str(error), edit), (edit.settings, error)
            _follow_cure(str(error), TABLES[table], file, {} if by_hand else edit.settings)
            continue
        now = prepared.config.model_dump()
        for at, value in edit.wanted:
            if at[0] in ("inputs", "targets") or value is not None:
                assert _value(now, at) == value, (edit.settings, at)
        said = [at for at, _ in edit.wanted]
        missing = [at for at in _left(edit.hand) if _value(now, at) in (None, _NONE)]
        for at in missing:
            named = {part for each in told(prepared) for part in [each]}
            covered = any(at[: len(each)] == each for each in said) or any(
                ".".join(at[:end]) in named for end in range(1, len(at) + 1)
            )
            assert covered, (edit.settings, at, prepared.notes)
    assert refused <= 2, "edits should mostly fit"


_NONE = object()


def _value(values, path):
    for key in path:
        if not isinstance(values, dict) or key not in values:
            return None if path[0] in ("inputs", "targets") and len(path) == 2 else _NONE
        values = values[key]
    return values


def _follow_cure(message, table, file, settings):
    """Try the setting that a message prints; another edit of the same config may be refused then."""
    if "--set " in message:
        path, value = shlex.split(message.partition("--set ")[2])[0].rstrip(".").split("=")
        try:
            torso.prepare(table, config=file, settings={**settings, path: value})
        except TorsoError as error:
            assert str(error) != message


def _names_line_and_cure(message, edit):
    names = [at[1] for at, _ in edit.wanted] + [str(value) for _, value in edit.wanted]
    return any(name in message for name in names) and re.search(
        r"Did you mean|Known:|should be|Take|Name|name|Leave|--set|Give", message
    )
