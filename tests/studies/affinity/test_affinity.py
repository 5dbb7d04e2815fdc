"""Affinities: a number worked by hand, laws of the looks, silence where tasks share few rows, runs without looks."""

import json

import numpy as np
import pytest
import torch
from torch import nn

import torso
from torso.errors import ConfigError
from torso.planted import plant
from torso.runs.folder.logged_looks import read_looks
from torso.studies.affinity import Affinity, affinity_of, labels_overlap
from torso.training import Look
from torso.training.looking import GradientLooks

QUICK = {"training.epochs": 3, "dim": 8}


def looks(matrices, tasks=("a", "b")):
    losses = dict.fromkeys(tasks, 1.0)
    return [
        Look(1, number, losses, {}, np.eye(len(tasks)).tolist(), across=own, ahead=own)
        for number, own in enumerate(np.asarray(matrices, float).tolist())
    ]


def test_a_look_by_hand():
    """Two losses of one weight: 3 w and w ** 2, at w = 1, and at w = 2 one step later."""
    weight = nn.Parameter(torch.ones(1))
    sgd = torch.optim.SGD([weight], lr=0.1)
    look = GradientLooks(["a", "b"], [weight], sgd, every=1)

    def losses():
        return torch.stack([3 * weight.sum(), (weight**2).sum()])

    here = torch.tensor([True, True])
    for step in (1, 2):
        look.see(losses(), here)
        assert look.newest(1, step, torch.zeros(2)) is None
    with torch.no_grad():
        weight.fill_(2.0)
    look.see(losses(), here)
    seen = look.newest(1, 2, torch.tensor([6.0, 4.0]))
    assert seen.gram == [[9.0, 12.0], [12.0, 16.0]]
    assert seen.across == seen.ahead == [[9.0, 12.0], [6.0, 8.0]]  # (3, 2) by (3, 4)
    assert seen.losses == {"a": 6.0, "b": 4.0}


def test_adam_scales_each_weight():
    weight = nn.Parameter(torch.ones(2))
    adam = torch.optim.AdamW([weight], lr=0.1, betas=(0.9, 0.5), eps=0.0)
    look = GradientLooks(["a", "b"], [weight], adam, every=1)
    here = torch.tensor([True, True])

    def losses():
        return torch.stack([weight @ torch.tensor([1.0, 0.0]), weight @ torch.tensor([1.0, 4.0])])

    for _ in range(5):
        look.see(losses(), here)
        assert look._before is None  # no squares of gradients are known yet
    losses().sum().backward()
    adam.step()  # squares of (2, 4)
    look.see(losses(), here)
    look.see(losses(), here)
    assert np.allclose(
        look.newest(1, 3, torch.zeros(2)).ahead, [[1 / 2, 1 / 2], [1 / 2, 1 / 2 + 4]]
    )


def test_a_task_without_labels_is_unknown_in_that_look():
    weight = nn.Parameter(torch.ones(1))
    look = GradientLooks(["a", "b"], [weight], torch.optim.SGD([weight], lr=0.1), every=1)
    for _ in range(3):
        look.see(torch.stack([weight.sum(), weight.sum() * 0]), torch.tensor([True, False]))
    seen = look.newest(1, 2, torch.zeros(2))
    assert seen.ahead[0][0] == 1 and np.isnan([seen.ahead[0][1], seen.ahead[1][0]]).all()


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    planted = plant("opposite", rows=400, seed=1)
    folder = tmp_path_factory.mktemp("looks")
    runs = {}
    for every in (0, 3):
        runs[every] = torso.fit(
            planted.table,
            planted.targets,
            inputs=planted.inputs,
            settings={**planted.settings, **QUICK, "training.looks": every},
            out=folder / str(every),
        )
    return runs


def test_looks_change_no_answer(trained):
    first, second = (run.report.to_dict() for run in trained.values())
    assert first["tasks"] == second["tasks"]
    assert [e["training"] for e in first["curves"]] == [e["training"] for e in second["curves"]]


def test_a_run_tells_its_affinities(trained):
    own = torso.affinity(trained[3])
    logged = len(read_looks(trained[3].folder / "log.jsonl"))
    assert own.tasks == ("a1", "a2", "b1", "b2") and own.looks == logged - logged // 4
    saved = json.loads(json.dumps(own.to_dict()))
    assert repr(Affinity.from_dict(saved)) == repr(own)
    assert len(own.frame()) == 12


def test_a_run_without_looks_says_how_to_get_them(trained):
    own = torso.affinity(trained[0].folder)
    assert own.looks == 0 and np.isnan(own.gain).all()
    assert own.notes == (
        "The run's log has no looks at the tasks' gradients. Train it again with --set training.looks=10.",
    )
    assert own.verdict("a1", "b1") == "unknown"


def test_a_run_in_memory_is_refused():
    table = {"x": [n % 7 for n in range(60)], "y": [n % 7 for n in range(60)]}
    run = torso.fit(table, ["y"], settings={"training.epochs": 1, "dim": 8, "folds": 0})
    with pytest.raises(ConfigError, match="`run` should lie in a folder"):
        torso.affinity(run)


def test_signs_and_noise():
    draw = np.random.default_rng(0)
    sure = [np.array([[1, -0.8], [-0.8, 1]]) + 0.1 * draw.normal(size=(2, 2)) for _ in range(40)]
    own = affinity_of(looks(sure), ["a", "b"], {})
    assert own.verdict("a", "b") == "hurts" and own.cosine[0][1] == pytest.approx(-0.8, abs=0.1)
    noise = [np.eye(2) + draw.normal(size=(2, 2)) for _ in range(40)]
    assert affinity_of(looks(noise), ["a", "b"], {}).verdict("a", "b") == "no evidence"


def test_the_interval_covers():
    covered = 0
    for seed in range(60):
        draw = np.random.default_rng(seed)
        some = [np.array([[1, 0.3], [0.3, 1]]) + 0.5 * draw.normal(size=(2, 2)) for _ in range(40)]
        own = affinity_of(looks(some), ["a", "b"], {})
        covered += own.low[0][1] <= 0.3 <= own.high[0][1]
    assert covered >= 50


def test_silence_where_tasks_share_few_rows():
    known = {
        "a": np.arange(100) < 60,
        "b": np.arange(100) >= 50,
        "c": np.arange(100) < 55,
    }
    overlap = labels_overlap(known)
    assert overlap["a", "b"] == (10, 0.2)
    matrix = [[1, 0.5, 0.5], [0.5, 1, 0.5], [0.5, 0.5, 1]]
    own = affinity_of(looks([matrix] * 10, "abc"), "abc", overlap)
    assert own.verdict("a", "b") == own.verdict("b", "a") == "unknown"
    assert own.verdict("a", "c") == "helps"
    assert own.silent[0] == (
        "'a' and 'b' have 10 labelled rows in common, 20 % of the rarer one's: their gradients say nothing about each "
        "other."
    )


def test_few_looks_and_those_of_a_balancer():
    few = affinity_of(looks([np.eye(2)] * 3), ["a", "b"], {})
    assert few.notes == (
        "Too few looks at the tasks' gradients, 3, to tell which tasks help each other. Train for longer, or look more often.",
    )
    balancer = [Look(1, n, {"a": 1.0, "b": 1.0}, {}, [[1, 0.5], [0.5, 1]]) for n in range(9)]
    own = affinity_of(balancer, ["a", "b"], {})
    assert own.gain == ((1.0, 0.5), (0.5, 1.0)) and own.notes[0].startswith("The looks are those")
    assert affinity_of([], ["a"], {}).notes[0].startswith("There is one task")


def test_a_damaged_line_is_passed_over(tmp_path):
    good = {"event": "look", "epoch": 1, "batch": 2, "losses": {"a": None}, "weights": {}}
    lines = [{**good, "gram": [[None]]}, {"event": "look"}, {"event": "epoch"}]
    (log := tmp_path / "log.jsonl").write_text(
        "\n".join([*map(json.dumps, lines), '{"event": "look", "ep'])
    )
    assert len(read_looks(log)) == 1 and np.isnan(read_looks(log)[0].gram[0][0])
    assert read_looks(tmp_path / "absent") == []
