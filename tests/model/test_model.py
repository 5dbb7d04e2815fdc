"""The whole model: gaps, names, trunks, and what the losses are."""

import pytest
import torch

from tests import small
from tests.pairs import each_with_each_class, fusions_and_sharings
from torso.core.errors import ConfigError
from torso.core.types import Batch, Features
from torso.encoders import ModalityDropout
from torso.model import Model, PartSpec
from torso.sharing import Sharing

ODD_NAMES = ["", "a.b", "items", "type", "version", "_class__", "forward", "%2E", "价格 €", "x y"]


STARTS = range(0, len(ODD_NAMES), 3)
NAMED = [(start, "hard") for start in STARTS]
NAMED += each_with_each_class(
    [(start, "name") for start in STARTS],
    [(sharing, "sharing") for sharing in Sharing.registry if sharing != "hard"],
)
"""Every name with the sharing that adds none of its own, and every sharing with odd names."""


def total(model, batch):
    return model.losses(model(batch.inputs), batch.targets)[0].sum()


def every_gradient(model, batch):
    model.zero_grad()
    total(model, batch).backward()
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


def pick(batch, rows):
    rows = torch.tensor(rows)
    return Batch(
        {name: features[rows] for name, features in batch.inputs.items()},
        {name: target[rows] for name, target in batch.targets.items()},
        batch.rows[rows],
    )


def assert_forward_with_gaps(model, batch):
    outputs = model(batch.inputs)
    assert list(outputs) == model.tasks == list(small.TASKS)
    assert {task: tuple(output.shape) for task, output in outputs.items()} == {
        "digit": (6, 3),
        "odd": (6, 1),
        "ink": (6, 1),
    }
    assert all(output.isfinite().all() for output in outputs.values())  # row 1 has no modality
    losses, counts = model.losses(outputs, batch.targets)
    assert losses.isfinite().all()
    expected = [model.heads[t].labelled(batch.targets[t]).sum().item() for t in small.TASKS]
    assert counts.tolist() == expected
    assert all(gradient.isfinite().all() for gradient in every_gradient(model, batch).values())


def assert_rows_do_not_touch_each_other(model, batch):
    outputs = model(batch.inputs)
    for row in range(6):
        alone = model(pick(batch, [row]).inputs)
        for task, output in alone.items():
            torch.testing.assert_close(output[0], outputs[task][row], rtol=0, atol=1e-12)


def assert_a_row_without_a_label_adds_nothing_to_any_gradient(model, batch):
    expected = every_gradient(model, batch)
    changed = {  # row 2 has no label: let it hold something else
        name: Features(
            features.values.index_copy(0, torch.tensor([2]), features.values[[0]]),
            features.mask.index_copy(0, torch.tensor([2]), features.mask[[0]]),
        )
        for name, features in batch.inputs.items()
    }
    other = every_gradient(model, Batch(changed, batch.targets, batch.rows))
    assert all(torch.equal(other[name], expected[name]) for name in expected)
    fewer = every_gradient(model, pick(batch, [0, 1, 3, 4, 5]))
    for name in expected:
        torch.testing.assert_close(fewer[name], expected[name], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("fusion", "sharing"), fusions_and_sharings(), ids=str)
def test_every_fusion_and_sharing_in_a_model(fusion, sharing):
    """Of 3 x fusions x sharings: see `tests/pairs.py` for what the table covers."""
    model, batch = small.model(fusion=fusion, sharing=sharing), small.batch()
    assert_forward_with_gaps(model, batch)
    assert_rows_do_not_touch_each_other(model, batch)
    assert_a_row_without_a_label_adds_nothing_to_any_gradient(model, batch)


def test_a_batch_without_any_label_gives_zero_losses_and_gradients():
    model, batch = small.model(), small.batch()
    gone = {
        task: torch.full_like(target, torch.nan if target.is_floating_point() else -1)
        for task, target in batch.targets.items()
    }
    blind = Batch(batch.inputs, gone, batch.rows)
    losses, counts = model.losses(model(blind.inputs), blind.targets)
    assert losses.tolist() == [0.0, 0.0, 0.0]
    assert counts.tolist() == [0, 0, 0]
    assert not any(g.any() for g in every_gradient(model, blind).values())


def test_the_missing_token_is_used_in_evaluation_and_learned():
    model, batch = small.model(), small.batch()
    outputs = model(batch.inputs)["ink"]
    with torch.no_grad():
        model.trunks["shared"].missing["image"].token += 1.0
    moved = (model(batch.inputs)["ink"] != outputs).squeeze(1)
    assert moved.tolist() == (~batch.inputs["image"].present).tolist()
    assert all(g.any() for name, g in every_gradient(model, batch).items() if "missing" in name)


def test_garbage_of_absent_modalities_changes_nothing():
    model, batch = small.model(fusion="transformer"), small.batch()
    expected = model(batch.inputs)
    numbers = batch.inputs["numbers"]
    wild = Features(numbers.values.masked_fill(~numbers.mask, torch.nan), numbers.mask)
    outputs = model({**batch.inputs, "numbers": wild})
    assert all(torch.equal(outputs[task], expected[task]) for task in outputs)


@pytest.mark.parametrize(("start", "sharing"), NAMED)
def test_any_name_is_good_for_a_modality_and_a_task(start, sharing):
    names = (ODD_NAMES * 2)[start : start + 3]
    tasks = dict(zip(names, small.TASKS.values(), strict=True))
    fusion = {"type": "sequential", "inner": "hierarchical"}
    odd = small.model(names, tasks, fusion=fusion, sharing=sharing)
    batch = small.batch(names, tasks)
    assert odd.tasks == names
    assert total(odd, batch).isfinite()
    again = small.model(names, tasks, seed=9, fusion=fusion, sharing=sharing)
    again.load_state_dict(odd.state_dict())
    assert torch.equal(total(again, batch), total(odd, batch))
    plain = small.model(fusion=fusion, sharing=sharing)
    if sharing == "hard":  # names are names: the same seed gives the same model
        assert torch.equal(total(plain, small.batch()), total(odd, batch))


def test_an_absent_input_is_named():
    built, rows = small.model(), small.batch()
    inputs = {name: features for name, features in rows.inputs.items() if name != "text"}
    with pytest.raises(ValueError, match=r"\['text'\] are absent\. Found \['image', 'numbers'\]"):
        built(inputs)


def test_losses_come_in_the_order_of_the_tasks():
    model, batch = small.model(), small.batch()
    outputs = model(batch.inputs)
    backwards = dict(reversed(batch.targets.items()))
    losses, _ = model.losses(dict(reversed(outputs.items())), backwards)
    expected = [model.heads[t].loss(outputs[t], batch.targets[t]) for t in model.tasks]
    assert torch.equal(losses, torch.stack(expected))


def test_half_precision_outputs_are_widened_for_the_loss():
    model, batch = small.model().float(), small.batch()
    with torch.autocast("cpu", torch.bfloat16):
        outputs = model(batch.inputs)
    assert {output.dtype for output in outputs.values()} == {torch.bfloat16}
    losses, _ = model.losses(outputs, batch.targets)
    wide = {task: output.float() for task, output in outputs.items()}
    assert losses.dtype == torch.float32
    assert torch.equal(losses, model.losses(wide, batch.targets)[0])


def test_modality_dropout_works_in_training_only_and_empties_no_row(monkeypatch):
    model, batch = small.model(modality_dropout=0.8), small.batch(rows=200)
    plain = small.model()
    same = zip(model(batch.inputs).values(), plain(batch.inputs).values(), strict=True)
    assert all(torch.equal(a, b) for a, b in same)
    seen = []
    forward = ModalityDropout.forward
    monkeypatch.setattr(
        ModalityDropout, "forward", lambda s, x: (seen.append(forward(s, x)), seen[-1])[1]
    )
    model.train()(batch.inputs)
    before = torch.stack([features.present for features in batch.inputs.values()])
    after = torch.stack([features.present for features in seen[0].values()])
    assert after.any(dim=0).equal(before.any(dim=0))
    assert after.sum() < before.sum()


def test_every_trunk_of_a_model_sees_the_same_dropout():
    """Single-task trunks of one run are compared with each other, so they must see the same rows."""
    model = small.model(sharing="separate", modality_dropout=0.5)
    twin = model.trunks["digit"].state_dict()
    for task in small.TASKS:
        model.trunks[task].load_state_dict(twin)
    seen = []
    for trunk in model.trunks.values():
        trunk.encoders["numbers"].register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    model.train()(small.batch(rows=50).inputs)
    assert len(seen) == 3
    assert torch.equal(seen[0].mask, seen[1].mask)
    assert torch.equal(seen[0].mask, seen[2].mask)


def test_building_twice_with_a_seed_gives_the_same_model():
    first, second = small.model(seed=3).state_dict(), small.model(seed=3).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"fusion": "concatt"}, r"Unknown fusion 'concatt'\. Did you mean 'concat'"),
        (
            {"sharing": {"type": "hard", "hiden": [3]}},
            r"Unknown setting of sharing 'hard': 'hiden'",
        ),
        ({"modality_dropout": 1.0}, r"`share` should be in \[0, 1\)"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        small.model(**settings)


def test_a_wrong_part_is_refused():
    with pytest.raises(ConfigError, match=r"Unknown encoder 'image/convnett'\. Did you mean"):
        Model.build(
            {"a": PartSpec("image", "convnett", {})},
            {"t": PartSpec("binary", "logistic", {})},
            dim=4,
        )
    with pytest.raises(ConfigError, match=r"A part should be a name or a mapping .*'width': 4"):
        Model.build(
            {"a": PartSpec("image", {"width": 4}, {})}, {"t": PartSpec("binary", "x", {})}, dim=4
        )
    with pytest.raises(ConfigError, match=r"Unknown head 'binary/x'\."):
        Model.build(
            {"a": PartSpec("image", "convnet", {})}, {"t": PartSpec("binary", "x", {})}, dim=4
        )
    with pytest.raises(ConfigError, match=r"^`heads.t`: Unknown head 'binary/x'"):
        Model.build(
            {"a": PartSpec("image", "convnet", {})}, {"t": PartSpec("binary", "x", {})}, dim=4
        )
