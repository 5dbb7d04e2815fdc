"""Kinds are found by their folders, and imported no earlier and no heavier than need be."""

import subprocess
import sys

import pytest

from tests.places import SOURCE
from torso.tasks import Head, Scores, Target
from torso.tasks._base.folders import folders


def loaded(statement):
    """Return the modules of torch and of heads that a fresh interpreter has loaded after `statement`."""
    code = (
        f"import sys\n{statement}\n"
        "print(*[m for m in sys.modules if m == 'torch' or m.startswith('torso.tasks') and 'head' in m])"
    )
    run = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(run, capture_output=True, text=True, check=True, cwd=SOURCE)
    return done.stdout.split()


def test_every_folder_is_a_kind_with_a_target_scores_and_its_default_head():
    names = [folder.rpartition(".")[2] for folder in folders()]
    assert sorted(names) == list(Target.registry) == list(Scores.registry)
    for name, target in Target.registry.items():
        assert f"{name}/{target.head}" in Head.registry
        assert target.__module__ == f"torso.tasks.{name}.target"


@pytest.mark.parametrize("registry", ["Target", "Scores"])
def test_targets_and_scores_need_no_torch(registry):
    assert loaded(f"from torso.tasks import {registry}; list({registry}.registry)") == []
