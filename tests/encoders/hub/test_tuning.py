"""How much of a backbone is trained, at which rate, and what of it a run stores."""

import pytest
import torch

from tests.encoders import laws
from tests.encoders.hub import tiny
from torso.core.errors import ConfigError
from torso.core.types import Features
from torso.encoders import Encoder, ImageHub, TextHub

pytest.importorskip("transformers", reason="the extra `hub` is not installed")


KINDS = ["frozen", "lora", "last_n", "full"]


def build(form: str = "text", seed: int = 0, **settings) -> Encoder:
    torch.manual_seed(seed)
    spec = {"type": f"{form}/hub", "name": tiny.model(laws.TINY[f"{form}/hub"]), **settings}
    return Encoder.build(spec, dim=8)


def trained(encoder: Encoder) -> set[str]:
    return {
        name.removeprefix("backbone.model.")
        for name, one in encoder.backbone.named_parameters(prefix="backbone")
        if one.requires_grad
    }


def test_frozen():
    encoder = build()
    assert trained(encoder) == set()
    assert not list(encoder.own_rate_parameters())
    assert encoder.lr is None
    features = laws.example("text/hub")
    encoder.train()(features).values.sum().backward()
    assert encoder.project.weight.grad is not None
    torch.testing.assert_close(
        encoder.run_backbone(features).values, encoder.run_backbone(features).values
    )


def test_last_n_trains_the_last_layer_and_what_follows():
    assert {
        name.rsplit("layers.")[1][:1]
        for name in trained(build("image", train="last_n", layers=1))
        if "layers." in name
    } == {"1"}
    rest = {
        name for name in trained(build("image", train="last_n", layers=1)) if "layers." not in name
    }
    assert rest == {"layernorm.weight", "layernorm.bias"}


def test_full_trains_all_but_what_no_token_depends_on():
    encoder = build(train="full")
    everything = {name for name, _ in encoder.backbone.model.named_parameters()}
    assert everything - trained(encoder) == {"pooler.dense.weight", "pooler.dense.bias"}


def test_lora_adds_two_small_matrices_to_queries_and_values():
    encoder = build(train="lora", rank=2)
    assert {name.split("self.")[1] for name in trained(encoder)} == {
        "query.down", "query.up", "value.down", "value.up",
    }  # fmt: skip
    features = laws.example("text/hub")
    plain, first = build(), encoder.eval().run_backbone(features).values
    torch.testing.assert_close(first, plain.eval().run_backbone(features).values, rtol=0, atol=1e-6)
    layer = encoder.backbone.model.encoder.layer[0].attention.self.query
    torch.nn.init.normal_(layer.up)
    x = torch.randn(3, 8)
    expected = layer.frozen(x) + 2.0 * x @ layer.down.T @ layer.up.T
    torch.testing.assert_close(layer(x), expected)


@pytest.mark.parametrize("train", KINDS)
def test_a_run_stores_what_was_trained(train):
    encoder = build(train=train, layers=1)
    stored = {name.removeprefix("backbone.model.") for name in encoder.state_dict()}
    own = {name for name, _ in encoder.named_parameters() if not name.startswith("backbone.")}
    buffers = {n for n, _ in encoder.backbone.model.named_buffers() if n in stored}
    assert stored - own - buffers == trained(encoder)


@pytest.mark.parametrize("train", KINDS)
def test_what_is_stored_brings_the_training_back(train):
    features = laws.example("text/hub")
    encoder = build(train=train, layers=1)
    optimizer = torch.optim.SGD([p for p in encoder.parameters() if p.requires_grad], 0.1)
    for _ in range(2):
        encoder.train()(features).values.square().sum().backward()
        optimizer.step()
    stored = {name: value.clone() for name, value in encoder.state_dict().items()}
    other = build(train=train, layers=1, seed=7)
    other.load_state_dict(stored)
    assert torch.equal(other.eval()(features).values, encoder.eval()(features).values)


def test_checkpointing_changes_no_gradient():
    found = []
    for again in (False, True):
        encoder = build(train="full", checkpointing=again).eval()
        encoder.train_what = "full"
        encoder.backbone.train()
        for module in encoder.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
        encoder(laws.example("text/hub")).values.square().sum().backward()
        found.append([p.grad for p in encoder.own_rate_parameters()])
    for one, two in zip(*found, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-4, atol=1e-6)


def test_rates():
    assert [build(train=one).lr for one in KINDS] == [None, 3e-4, 3e-5, 3e-5]
    encoder = build(train="full", lr=0.5)
    assert encoder.lr == 0.5
    slow = {id(p) for p in encoder.own_rate_parameters()}
    assert slow == {id(p) for p in encoder.backbone.parameters() if p.requires_grad}


def test_the_config_is_pinned():
    pinned, asked = TextHub.pin({"name": tiny.model("bert"), "train": "full"})
    assert pinned["lr"] == 3e-5
    assert asked == {"tokenizer": f"{pinned['name']}@{pinned['revision']}"}
    assert TextHub.pin(pinned) == (pinned, asked)
    assert ImageHub.pin({"name": tiny.model("vit"), "size": 24})[1] == {"size": 24}


def test_what_of_the_tokens_is_kept():
    features = laws.example("text/hub")
    every = build(keep="all").eval().run_backbone(features)
    row = 2
    there = every.values[row, every.mask[row]]
    for keep, expected in (("mean", there.mean(0)), ("first", there[0])):
        tokens = build(keep=keep).eval().run_backbone(features)
        assert tokens.values.shape[1] == 1
        torch.testing.assert_close(tokens.values[row, 0], expected, rtol=0, atol=1e-6)
    assert build(keep="all", tokens=0)(features).mask.sum() == features.mask.sum()
    assert build(keep="all", tokens=2)(features).values.shape[1] == 2


def test_only_what_is_frozen_may_be_kept():
    assert build(once="never").frozen_backbone() is None
    assert build(train="lora").frozen_backbone() is None
    frozen = build(once="float16").frozen_backbone()
    assert frozen is not None
    assert (frozen.dtype, frozen.width) == ("float16", 8)
    assert frozen != build(once="float16", keep="first").frozen_backbone()


def test_tokens_that_were_encoded_before_are_only_finished():
    features = laws.example("text/hub")
    encoder = build().eval()
    tokens = encoder.run_backbone(features)
    again = encoder(Features(tokens.values, tokens.mask, encoded=True))
    assert torch.equal(again.values, encoder(features).values)


def test_augmented_pictures():
    features = laws.example("image/hub")
    plain, moved = build("image").train(), build("image", jitter=0.5, dropout=0.0).train()
    assert moved.frozen_backbone() is None
    assert not torch.equal(moved(features).values, moved(features).values)
    torch.testing.assert_close(moved.eval()(features).values, plain.eval()(features).values)
    viewed = build("image", jitter=0.5, views=2)
    frozen = viewed.frozen_backbone()
    assert frozen is not None
    assert (frozen.views, frozen.augmentation["jitter"]) == (2, 0.5)
    one, two = (viewed.run_backbone(features, view=view).values for view in (1, 2))
    assert not torch.allclose(one, two)
    some = viewed.run_backbone(features[torch.tensor([7, 3])], view=1).values
    torch.testing.assert_close(some, one[[7, 3]], rtol=0, atol=1e-5)
    with pytest.raises(ConfigError, match="0 without `jitter`"):
        build("image", views=2)


@pytest.mark.parametrize("train", ["frozen", "last_n", "full"])
def test_running_statistics_move_only_where_they_are_trained(train):
    pictures = Features(torch.rand(4, 32, 32, 3), torch.ones(4, dtype=torch.bool))
    encoder = ImageHub(8, tiny.model("resnet"), train=train, layers=1, keep="all", tokens=0)
    before = {name: value.clone() for name, value in encoder.backbone.named_buffers()}
    assert encoder.train()(pictures).values.shape == (4, 16, 8)
    moved = {n for n, one in encoder.backbone.named_buffers() if not torch.equal(one, before[n])}
    trained = {
        name.rsplit(".", 1)[0] for name, p in encoder.backbone.named_parameters() if p.requires_grad
    }
    assert {name.rsplit(".", 1)[0] for name in moved} <= trained
    assert bool(moved) == (train != "frozen")
    other = ImageHub(8, tiny.model("resnet"), train=train, layers=1, keep="all", tokens=0)
    other.load_state_dict(encoder.state_dict())
    assert torch.equal(other.eval()(pictures).values, encoder.eval()(pictures).values)
