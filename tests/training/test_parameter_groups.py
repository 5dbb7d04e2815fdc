"""An encoder on its own learning rate: any encoder, and only that one."""

import numpy as np
import pytest
import torch

import torso
from tests import small
from tests import small_tables as tables
from torso.balancing import Balancer
from torso.core.errors import ConfigError
from torso.encoders import Encoder
from torso.training import TrainingConfig
from torso.training.parameter_groups import parameter_groups


def test_every_encoder_knows_its_rate():
    for name in ("numbers/periodic", "vector/mlp"):
        encoder = Encoder.build({"type": name, "lr": 0.5}, dim=4, columns=2, width=2)
        assert encoder.lr == 0.5
        assert {id(p) for p in encoder.own_rate_parameters()} == {
            id(p) for p in encoder.parameters()
        }
    with pytest.raises(ConfigError, match=r"should be a number above 0. Found 'fast'"):
        Encoder.build({"type": "vector/mlp", "lr": "fast"}, dim=4, width=2)


def test_groups_hold_every_parameter_once():
    model = small.model(("photo", "note", "size"))
    trunk = next(trunk for _, trunk in model.trunks.pairs())
    trunk.encoders["note"].lr = 0.5
    trunk.encoders["size"].lr = 0.25
    balancer = Balancer.registry.build("uncertainty", tasks=model.tasks)
    groups = parameter_groups(model, balancer, TrainingConfig(lr=0.1, weight_decay=0.3))
    state = {id(p) for p in balancer.parameters()}
    order = ["state" if {id(p) for p in g["params"]} == state else g["lr"] for g in groups]
    assert order == [0.1, 0.1, "state", 0.5, 0.5, 0.25, 0.25]  # numbers parameters in checkpoints
    seen = [id(p) for group in groups for p in group["params"]]
    expected = [id(p) for p in [*model.parameters(), *balancer.parameters()]]
    assert sorted(seen) == sorted(expected)
    rates = {id(p): group["lr"] for group in groups for p in group["params"]}
    for name, rate in (("photo", 0.1), ("note", 0.5), ("size", 0.25)):
        assert {rates[id(p)] for p in trunk.encoders[name].parameters()} == {rate}
    decayed = {id(p) for group in groups if group["weight_decay"] for p in group["params"]}
    assert decayed == {id(p) for p in model.parameters() if p.ndim > 1}


def weights(run):
    trunk = next(trunk for _, trunk in run.model.trunks.pairs())
    return {
        name: torch.cat([p.detach().flatten() for p in encoder.parameters()]).numpy()
        for name, encoder in trunk.encoders.pairs()
    }


def test_a_run_moves_an_encoder_as_its_rate_says(tmp_path):
    found = {}
    for rate in (1e-9, 1e-3):
        run = torso.fit(
            tables.plain(),
            tables.TARGETS,
            settings={**tables.TINY, "encoders.note.lr": rate},
            out=tmp_path / f"{rate}",
        )
        assert run.config.encoders["note"]["lr"] == rate
        found[rate] = weights(run)
        assert weights(torso.load(tmp_path / f"{rate}"))["note"].shape
    draft, _ = torso.runs.prepare.draft_model(
        tables.plain(), tables.TARGETS, settings={**tables.TINY, "encoders.note.lr": 1e-9}
    )
    trunk = next(trunk for _, trunk in draft.trunks.pairs())
    start = torch.cat([p.detach().flatten() for p in trunk.encoders["note"].parameters()]).numpy()
    assert np.abs(found[1e-9]["note"] - start).max() < 1e-6
    assert np.abs(found[1e-3]["note"] - start).max() > 1e-4
