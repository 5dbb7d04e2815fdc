"""Cures that parts name, and lines of pip: a part that does not fit its data is mended as it says."""

from __future__ import annotations

import ast
import re
import tomllib

import numpy as np
import pytest
import torch

import torso
from tests.cures.templates import pasted, templates, tries
from tests.places import ROOT
from tests.small_tables import TINY, plain, png
from torso.columns.inputs import VideoInput
from torso.columns.media.files import MediaError
from torso.columns.media.pixels import map_of
from torso.core.errors import ConfigError, DataError, MissingDependency
from torso.core.optional import require
from torso.core.types import Tokens
from torso.encoders.image_vit import ImageViT
from torso.tables import read_table
from torso.tasks.map.target import MapTarget
from torso.tasks.tags.steps import read_steps
from torso.tasks.tracks.target import TracksTarget

PICTURES = [png(side=8 + row % 9) for row in range(24)]
PACKAGES = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@tries("choose `positions: sincos`")
def test_a_picture_of_another_size():
    picture = torch.rand(2, 16, 16, 3)
    said = []
    for positions in ("learned", "sincos"):
        encoder = ImageViT(8, size=32, patch=8, depth=1, heads=1, positions=positions)
        try:
            encoder._positions(2, 2, picture)
        except ValueError as error:
            said.append(str(error))
    (text,) = said
    return text


@tries("Set `time: first` of the input")
def test_a_sequence_without_times():
    table = {
        "steps": [[[float(row), 1.0], [row + 1.0, 2.0]] for row in range(24)],
        "y": ["a", "b"] * 12,
    }
    wrong = ["inputs.steps.kind=sequence", "encoders.steps=time2vec"]
    with pytest.raises(ConfigError) as error:
        torso.fit(table, ["y"], settings=[*wrong, *quick()])
    for cure in ("inputs.steps.time=first", "encoders.steps=transformer"):
        torso.fit(table, ["y"], settings=[*wrong, *quick(), cure])
    return str(error.value)


def quick() -> list[str]:
    return [f"{key}={value}" for key, value in TINY.items() if "size" not in key] + [
        "quality=fast",
        "training.batch_size=8",
    ]


@tries("a picture needs `colours: true`")
def test_a_coloured_picture_as_a_map():
    with pytest.raises(MediaError) as error:
        map_of(np.zeros((4, 4, 3)), (4, 4), 1)
    assert map_of(np.zeros((4, 4, 3)), (4, 4), 3).shape == (4, 4, 3)
    assert MapTarget(colours=True).channels == 3
    return str(error.value)


@tries("pass `trust_code=True` (--trust-code)")
def test_a_part_of_another_module(tmp_path):
    config = tmp_path / "run.yaml"
    config.write_text("targets: {loud: {}}\nfusion: 'torso.fusion.concat:Concat'\n")
    with pytest.raises(ConfigError) as error:
        torso.prepare(plain(), config=config)
    torso.prepare(plain(), config=config, trust_code=True)
    return str(error.value)


def requirement(line: str) -> str:
    """Return what a line of pip installs, without quotes and options."""
    return re.sub(r"'|--no-deps ", "", line.partition("pip install ")[2]).split(" ")[0]


@tries(
    "needs the package {}. Install it with: pip install '{}'",
    "pip install 'lightgbm",
    "with pip install 'torso[search]'",
    "runs/pretrained/choice.py pip install",
)
def test_lines_of_pip_name_what_there_is():
    """Nothing is installed here: each line names an extra of this package, or a requirement of one."""
    extras = PACKAGES["optional-dependencies"]
    known = {each for extra in extras.values() for each in extra} | set(PACKAGES["dependencies"])
    lines = [
        each.text
        for each in templates()
        if "pip install" in each.text and "{}" not in each.text.partition("pip install")[2][:12]
    ]
    for line in lines:
        name = requirement(line)
        extra = re.fullmatch(r"torso\[(\w+)\]", name)
        assert (extra[1] in extras) if extra else name in known or "--no-deps" in line, line
    asked = set()
    for file in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("require"):
                words = {word.arg: getattr(word.value, "value", None) for word in node.keywords}
                asked.add(words.get("extra") or words.get("package"))
    assert asked - {None} <= {*extras, *known}
    with pytest.raises(MissingDependency) as error:
        require("no_such_module", extra="hub", why="A test")
    return "\n".join([str(error.value), *lines])


@tries("A head about places should read a grid of tokens")
def test_boxes_on_a_picture_without_places():
    table = {"p": PICTURES, "y": [[[0.1, 0.1, 0.5, 0.5, "cat"]]] * len(PICTURES)}
    small = ["targets.y.kind=boxes", "inputs.p.size=16", "encoders.p.type=convnet", *quick()]
    with pytest.raises(ConfigError) as error:
        torso.fit(table, ["y"], settings=small)
    torso.fit(table, ["y"], settings=[*small, *pasted(str(error.value))])
    return str(error.value)


@tries("A head about steps should read one token per step")
def test_tags_of_more_tokens_than_steps():
    tokens = Tokens(torch.zeros(2, 5, 4), torch.ones(2, 5, dtype=torch.bool))
    with pytest.raises(ConfigError) as error:
        read_steps("words", 3, {"words": tokens})
    table = {"words": ["a b c", "d e f"] * 12, "y": ["0 1 X; 2 3 Y", "0 1 Y"] * 12}
    cures = ["encoders.words=transformer", *pasted(str(error.value))]
    torso.fit(
        table, ["y"], settings=["targets.y.kind=tags", "inputs.words.kind=text", *quick(), *cures]
    )
    return str(error.value)


@tries("Frames are counted among those that it reads")
def test_a_box_in_a_frame_that_is_not_read():
    target, clip = TracksTarget(of="clip"), VideoInput()
    cell = [[9, 0.1, 0.1, 0.5, 0.5, "cat", 1]]
    column = read_table({"y": [cell] * 4}).column("y")
    target.bind("y", {"clip": clip})
    with pytest.raises(DataError) as error:
        target.fit(column)
    (cure,) = pasted(str(error.value), NUMBER="16")
    path, frames = cure.split("=")
    assert path == "inputs.clip.frames"
    target.bind("y", {"clip": VideoInput(frames=int(frames))})
    target.fit(column)
    return str(error.value)


@tries("Set it there: --set training.{}=")
def test_the_rate_of_an_optimizer():
    wrong = "training.optimizer={type: sgd, lr: 0.01}"
    with pytest.raises(ConfigError) as error:
        torso.prepare(plain(), ["loud"], settings=[wrong])
    cures = ["training.optimizer=sgd", *pasted(str(error.value))]
    assert torso.prepare(plain(), ["loud"], settings=cures).config.training.lr == 0.01
    return str(error.value)
