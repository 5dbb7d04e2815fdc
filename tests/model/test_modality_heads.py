"""Heads above single modalities: their losses, what they move, and when they answer."""

import numpy as np
import pytest
import torch

import torso
from tests import small
from torso.balancing import Balancer
from torso.columns.dataset import Dataset
from torso.columns.loader import Loader
from torso.columns.sources import ArraySource
from torso.core.errors import ConfigError
from torso.core.types import Features
from torso.model import Model, PartSpec
from torso.sharing import Sharing
from torso.training import Listener, Trainer, TrainingConfig

EVERY = [f"{task} from {modality}" for modality in small.MODALITIES for task in small.TASKS]


def losses_of(model, batch):
    encoded = model.encode(batch.inputs)
    outputs = {**model.apply_heads(model.fuse(encoded), encoded), **model.unimodal_outputs(encoded)}
    return model.losses(outputs, batch.targets, encoded.present)


def test_every_task_has_a_loss_per_modality_beside_its_own():
    model, batch = small.model(modality_heads=True), small.batch(rows=12)
    assert model.loss_names == [*small.TASKS, *EVERY]
    losses, counts = losses_of(model, batch)
    plain, plain_counts = small.model().losses(small.model()(batch.inputs), batch.targets)
    assert losses.shape == counts.shape == (12,)
    assert torch.equal(counts[:3], plain_counts)
    assert losses.isfinite().all()
    for name, loss, count in zip(EVERY, losses[3:], counts[3:], strict=True):
        task, modality = model.unimodal[name]
        rows = batch.inputs[modality].present & model.heads[task].labelled(batch.targets[task])
        assert count == rows.sum() > 0
        alone = model.unimodal_outputs(model.encode(batch.inputs))[name]
        expected = model.modality_heads.head(name).nll(alone[rows], batch.targets[task][rows])
        torch.testing.assert_close(loss, expected.mean())
    assert plain.shape == (3,)


@pytest.mark.parametrize("sharing", list(Sharing.registry))
def test_a_loss_of_one_modality_moves_its_encoder_and_its_head_only(sharing):
    model, batch = small.model(modality_heads=True, sharing=sharing), small.batch(rows=12)
    shared = {id(p) for p in model.shared_parameters()}
    named = dict(model.named_parameters())
    users = dict.fromkeys(named, 0)
    losses, _ = losses_of(model.train(), batch)
    for name, loss in zip(model.loss_names, losses, strict=True):
        gradients = torch.autograd.grad(
            loss, [*named.values()], retain_graph=True, allow_unused=True
        )
        moved = {key for key, g in zip(named, gradients, strict=True) if g is not None and g.any()}
        for key in moved:
            users[key] += 1
        if name in model.unimodal:
            modality = model.unimodal[name][1]
            quoted = "@" + modality
            assert moved
            assert all(quoted in key for key in moved)
            assert any("modality_heads" in key for key in moved)
            assert any("encoders" in key for key in moved)
    assert {key for key, count in users.items() if count > 1} <= {
        key for key, p in named.items() if id(p) in shared
    }


def only(batch, row, modality):
    """Hide all but one modality of a row."""
    return {
        name: features
        if name == modality
        else Features(features.values, features.mask.index_fill(0, torch.tensor([row]), False))
        for name, features in batch.inputs.items()
    }


def test_a_row_with_one_modality_is_answered_by_its_heads():
    model, batch = small.model(modality_heads=True), small.batch()
    plain = small.model()
    plain.load_state_dict(
        {k: v for k, v in model.state_dict().items() if not k.startswith("modality_heads")}
    )
    inputs = only(batch, 0, "image")
    outputs, fused, unimodal = (
        model(inputs),
        plain(inputs),
        model.unimodal_outputs(model.encode(inputs)),
    )
    count = torch.stack([features.present for features in inputs.values()]).sum(dim=0)
    assert count[0] == 1 and count[1] == 0 and (count > 1).any()
    for task in small.TASKS:
        assert torch.equal(outputs[task][0], unimodal[f"{task} from image"][0])
        assert torch.equal(outputs[task][count != 1], fused[task][count != 1])
        assert not torch.equal(outputs[task][0], fused[task][0])
    trained = []
    for either in (model, plain):
        torch.manual_seed(3)
        trained.append(either.train()(inputs)["digit"])
    assert torch.equal(*trained)  # no falling back in training


def test_a_modality_head_is_blind_to_other_modalities_and_to_garbage():
    model, batch = small.model(modality_heads=True), small.batch()
    expected = model.unimodal_outputs(model.encode(batch.inputs))
    other = {**batch.inputs, "image": small.batch(seed=9).inputs["image"]}
    outputs = model.unimodal_outputs(model.encode(other))
    for name, (_, modality) in model.unimodal.items():
        assert torch.equal(outputs[name], expected[name]) == (modality != "image")


def test_the_representation_is_what_more_than_one_loss_reads():
    model, batch = small.model(modality_heads=True), small.batch()
    encoded = model.encode(batch.inputs)
    tokens = model.representation(encoded, model.fuse(encoded))
    assert all(
        values is encoded_tokens.values
        for values, encoded_tokens in zip(tokens, encoded.tokens["shared"].values(), strict=True)
    )
    losses, _ = model.losses(
        {**model.apply_heads(model.fuse(encoded), encoded), **model.unimodal_outputs(encoded)},
        batch.targets,
        encoded.present,
    )
    for name, loss in zip(model.loss_names, losses, strict=True):
        grads = torch.autograd.grad(loss, tokens, retain_graph=True, allow_unused=True)
        assert sum(g is not None and bool(g.any()) for g in grads) == (
            1 if name in model.unimodal else 3
        )


def test_a_target_named_as_such_a_loss_is_an_error():
    with pytest.raises(ConfigError, match="must not be called as the loss of one"):
        small.model(modality_heads=True, tasks={"a": "binary", "a from image": "binary"})


def test_skip_leaves_a_missing_modality_to_the_fusion():
    model, batch = small.model(missing="skip", fusion="sequential"), small.batch()
    assert list(model.trunks["shared"].missing.names()) == []
    inputs = {
        name: Features(features.values, features.mask if name != "text" else features.mask & False)
        for name, features in batch.inputs.items()
    }
    walk = model.stepwise_outputs(inputs)
    assert list(walk) == list(small.MODALITIES)
    for task in small.TASKS:
        assert torch.equal(walk["text"][task], walk["image"][task])  # no step was taken
        assert torch.equal(walk["numbers"][task], model(inputs)[task])
        assert model(inputs)[task].isfinite().all()
    with pytest.raises(ConfigError, match=r"`missing` should be token or skip\. Found 'zero'"):
        small.model(missing="zero")


@pytest.mark.parametrize("sharing", ["hard", "separate", "mmoe"])
def test_heads_are_readable_after_every_step(sharing):
    """What is read after a step is what the model says of rows that have no more, where those are skipped."""
    model = small.model(missing="skip", fusion="sequential", sharing=sharing)
    batch = small.batch()
    walk = model.stepwise_outputs(batch.inputs)
    known = []
    for modality, outputs in walk.items():
        known.append(modality)
        fewer = {
            name: Features(
                features.values, features.mask if name in known else features.mask & False
            )
            for name, features in batch.inputs.items()
        }
        for task, expected in model(fewer).items():
            torch.testing.assert_close(outputs[task], expected, rtol=0, atol=1e-12)
    with pytest.raises(
        ConfigError, match=r"`Concat` joins all modalities at once.*fusion=sequential"
    ):
        small.model().stepwise_outputs(batch.inputs)


# --- in training ------------------------------------------------------------------------------------

ROWS = 96
RNG = np.random.default_rng(0)
TRUTH = RNG.integers(2, size=ROWS).astype(np.float32)
SURE = ((2 * TRUTH - 1)[:, None] + 0.3 * RNG.normal(size=(ROWS, 2))).astype(np.float32)
WEAK = ((2 * TRUTH - 1)[:, None] + 3.0 * RNG.normal(size=(ROWS, 2))).astype(np.float32)
DATASET = Dataset(
    ROWS,
    {name: ArraySource(x, np.ones_like(x, bool)) for name, x in (("sure", SURE), ("weak", WEAK))},
    {"truth": TRUTH},
)
NAMES = ["truth", "truth from sure", "truth from weak"]


class Ear(Listener):
    def __init__(self):
        self.epochs = []

    def epoch_done(self, epoch):
        self.epochs.append(epoch)


def trained(balancing, epochs=4, ear=None):
    torch.manual_seed(0)
    parts = {name: PartSpec("numbers", "periodic", {"columns": 2}) for name in ("sure", "weak")}
    model = Model.build(
        parts,
        {"truth": PartSpec("binary", "logistic", {})},
        dim=8,
        fusion="concat",
        modality_heads=True,
    )
    balancer = Balancer.registry.build(
        balancing,
        tasks=model.loss_names,
        unimodal={name: task for name, (task, _) in model.unimodal.items()},
        modality_of={name: modality for name, (_, modality) in model.unimodal.items()},
    )
    loaders = [
        Loader(DATASET, np.arange(64), batch_size=16, shuffle=True),
        Loader(DATASET, np.arange(64, ROWS), batch_size=32),
    ]
    Trainer(model, balancer, *loaders, TrainingConfig(epochs=epochs, lr=0.01), ear).run()
    return model, balancer


@pytest.mark.parametrize("balancing", ["equal", "mmpareto", "ogm_ge", "gradient_blending", "famo"])
def test_all_losses_go_through_one_balancer_and_fall(balancing):
    ear = Ear()
    trained(balancing, ear=ear)
    first, *_, last = ear.epochs
    assert list(first.training) == NAMES
    assert list(first.validation) == ["truth"]
    assert all(last.training[name] < first.training[name] for name in NAMES)


def test_ogm_ge_slows_the_encoder_that_is_ahead():
    _, balancer = trained("ogm_ge")
    assert list(balancer.encoders) == ["sure", "weak"]
    assert 0.0 < balancer.modulation()["sure"] < 1.0 == balancer.modulation()["weak"]


def test_gradient_blending_weighs_by_held_out_losses():
    _, balancer = trained({"type": "gradient_blending", "every": 2}, epochs=7)
    weights = balancer.weights
    assert weights.sum().item() == pytest.approx(3.0)
    assert weights.std() > 0.01
    assert balancer.held_out_loss.isfinite().all()


def test_a_run_with_modality_heads_is_saved_and_loaded(tmp_path):
    table = {"a": SURE[:, 0], "note": np.where(TRUTH > 0, "yes it is", "not so"), "truth": TRUTH}
    settings = {
        "modality_heads": True,
        "missing": "skip",
        "training.epochs": 1,
        "dim": 8,
        "balancing": "mmpareto",
        "data.cache": str(tmp_path / "cache"),
    }
    run = torso.fit(table, {"truth": "binary"}, out=tmp_path / "run", settings=settings)
    again = torso.load(tmp_path / "run")
    assert again.config.modality_heads
    assert again.config.missing == "skip"
    assert len(again.model.unimodal) == len(again.schema.modalities) == 2
    rows = [
        {"a": 1.0, "note": None},
        {"a": None, "note": "yes it is"},
        {"a": 1.0, "note": "not so"},
    ]
    assert again.predict(rows).equals(run.predict(rows))
