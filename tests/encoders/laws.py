"""What holds for every encoder, whoever wrote it.

A part is built by name with what the data room offers for its form, so a newly registered encoder is picked
up by `encoders()` without being named; a newly invented form needs one entry in `FORMS`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor, nn

from tests.encoders.hub import tiny
from tests.export_law import assert_exports
from torso.core.tensors import zeroed
from torso.core.types import Features, Tokens
from torso.encoders import Encoder
from torso.encoders.hub._tuning import LowRank

DIM = 8
BATCH = 16
PATTERN = 8
"""The lengths of the examples' rows repeat after so many."""
SETTINGS: list[dict[str, Any]] = [
    {},
    {"tokens": 0},
    {"tokens": 3},
    {"layout": "columns"},
    {"class_token": True, "positions": "learned"},
    {"augment": {"crop": 0.5, "flip": True, "colour": 0.5, "cutout": 0.3}},
    {"shift": 0.3},
    {"word_dropout": 0.3},
    {"frame": "pyramid", "tokens": 0, "motion": False},
    {"frame": {"type": "vit", "positions": "learned"}},
]
OF_TRAINING = {"augment", "shift", "word_dropout"}
"""Settings that change no answer."""
STEPPED = ("text", "audio", "sequence", "video")
"""Forms whose rows have steps of their own number, so that rows are padded."""


PRETRAINED: list[dict[str, Any]] = [
    {},
    {"keep": "all", "tokens": 3},
    {"train": "lora", "keep": "first"},
    {"train": "last_n", "layers": 1},
    {"train": "full", "checkpointing": True, "keep": "all", "tokens": 0},
]
WITHOUT_EFFECT = ("key.bias", "k_proj.bias")
"""A key's bias adds the same to every score of a query, which the softmax does not see."""


def encoders() -> list[tuple[str, dict[str, Any]]]:
    """Return `(name, settings)` of every registered encoder in each setting that it knows."""
    plain = [
        (name, settings)
        for name, part in Encoder.registry.items()
        for settings in SETTINGS
        if not name.endswith("/hub")
        and settings.keys() <= inspect.signature(part).parameters.keys()
    ]
    if find_spec("transformers") is None:
        return plain
    names = [name for name in Encoder.registry if name.endswith("/hub")]
    return plain + [(name, settings) for name in names for settings in PRETRAINED]


def build(name: str, settings: dict[str, Any] | None = None, seed: int = 0) -> Encoder:
    """Return an encoder in evaluation mode, in float64 so that "equal" can be strict."""
    torch.manual_seed(seed)
    spec = {"type": name, **(settings or {})}
    if name in TINY:
        spec["name"] = tiny.model(TINY[name])
    encoder = Encoder.build(spec, dim=DIM, **_form(name).offered)
    for module in encoder.modules():
        if isinstance(module, LowRank):  # begins at zero, where half of it has no gradient
            nn.init.normal_(module.up, std=0.5)
    return encoder.double().eval()


def shallow(name: str) -> dict[str, Any]:
    """Return the settings that give an encoder one layer, since tracing takes as long as it is deep."""
    known = inspect.signature(Encoder.registry.find(name)).parameters
    return {"depth": 1} if "depth" in known else {}


def example(name: str, seed: int = 1) -> Features:
    """Return `BATCH` rows that all have the modality, in the form that the encoder `name` reads."""
    torch.manual_seed(seed)
    return _form(name).rows()


@dataclass(frozen=True)
class Form:
    """What the data room offers to an encoder of a form, and rows of that form."""

    offered: dict[str, Any]
    rows: Callable[[], Features]


def _form(name: str) -> Form:
    form = Encoder.registry.find(name).form
    if name in FORMS:
        return FORMS[name]
    assert form in FORMS, f"Give tests/encoders/laws.py an example of the new form {form!r}."
    return FORMS[form]


def _whole(values: Tensor) -> Features:
    return Features(values, torch.ones(BATCH, dtype=torch.bool))


def _steps(values: Tensor) -> Features:
    """Return rows of 1 to 9 steps, most of them short, enough rows for groups of like length."""
    lengths = torch.tensor([1, 9, 3, 4, 2, 1, 2, 7]).repeat(BATCH // PATTERN)
    return Features(values, torch.arange(9) < lengths.unsqueeze(1))


def _cells(values: Tensor) -> Features:
    mask = torch.rand(values.shape[:2]) < 0.7
    mask[:, 0] |= ~mask.any(dim=1)
    return Features(values, mask)


def _bags(below: int) -> Features:
    """Return three columns of up to 5 indices each."""
    return _cells(torch.randint(below, (BATCH, 3, 5)))


def _samples() -> Features:
    """Return recordings of 40 to 360 samples."""
    lengths = torch.tensor([40, 360, 120, 160, 80, 41, 80, 280]).repeat(BATCH // PATTERN)
    samples = torch.randint(-20_000, 20_000, (BATCH, 360), dtype=torch.int16)
    return Features(samples, torch.arange(360) < lengths.unsqueeze(1))


TINY = {"image/hub": "vit", "text/hub": "bert", "audio/hub": "wav2vec2", "video/hub": "videomae"}
QUANTILES = [[-1.0, 0.0, 0.5, 2.0], [-2.0, -2.0, 0.0, 1.0], [0.0, 0.1, 0.2, 0.3]]
FORMS = {
    "image": Form(
        {"size": 16},
        lambda: _whole(torch.randint(256, (BATCH, 16, 16, 3), dtype=torch.uint8)),
    ),
    "video": Form(
        {"size": 16, "frames": 9},
        lambda: _steps(torch.randint(256, (BATCH, 9, 16, 16, 3), dtype=torch.uint8)),
    ),
    "text": Form({"vocabulary": 11}, lambda: _steps(torch.randint(11, (BATCH, 9)))),
    "audio": Form({"mels": 6}, lambda: _steps(torch.randn(BATCH, 9, 6).half())),
    "audio/hub": Form({"rate": 4000}, lambda: _samples()),
    "sequence": Form({"width": 5, "timed": True}, lambda: _steps(torch.randn(BATCH, 9, 5))),
    "sets": Form({"cardinalities": [4, 2, 6]}, lambda: _bags(2)),
    "names": Form({"cardinalities": [4, 2, 6]}, lambda: _bags(2)),
    "vector": Form({"width": 5}, lambda: _whole(torch.randn(BATCH, 5))),
    "numbers": Form({"columns": 3, "quantiles": QUANTILES}, lambda: _cells(torch.randn(BATCH, 3))),
    "categories": Form({"cardinalities": [4, 2, 6]}, lambda: _cells(torch.randint(2, (BATCH, 3)))),
}


def without(features: Features, rows: list[int]) -> Features:
    """Return the features with some rows absent."""
    mask = features.mask.clone()
    mask[rows] = False
    return Features(features.values, mask)


def garbage(features: Features) -> list[Features]:
    """Return the features with other values wherever the mask is False: wild ones, and NaN where possible."""
    hidden = ~features.mask.view(
        *features.mask.shape, *(1,) * (features.values.ndim - features.mask.ndim)
    )
    if features.values.is_floating_point():
        wild = [float("nan"), float("inf"), -6e4]
    elif features.values.dtype == torch.uint8:
        wild = [255]
    elif features.values.dtype == torch.int16:
        wild = [-32768, 32767]
    else:
        wild = [-7, 10**9]
    return [Features(features.values.masked_fill(hidden, one), features.mask) for one in wild]


def assert_same(one: Tokens, two: Tokens, *, atol: float = 0.0) -> None:
    """Compare what can be read of two tokens; the longer may only be longer by masked ones."""
    length = min(one.mask.shape[1], two.mask.shape[1])
    assert not one.mask[:, length:].any()
    assert not two.mask[:, length:].any()
    assert torch.equal(one.mask[:, :length], two.mask[:, :length])
    torch.testing.assert_close(
        zeroed(one)[:, :length], zeroed(two)[:, :length], rtol=0.0, atol=atol
    )


def assert_shape(encoder: Encoder, features: Features) -> None:
    tokens = encoder(features)
    assert tokens.values.shape == (len(features), tokens.mask.shape[1], encoder.dim)
    assert tokens.values.dtype == torch.float64
    assert torch.equal(tokens.present, features.present)


def assert_both_ways_agree(encoder: Encoder, features: Features) -> None:
    """Computing every row and step gives what skipping absent rows and padding gives."""
    # What cannot be traced looks into the rows, and an absent one holds nothing to look at.
    gaps = [] if encoder.not_exportable else [0, 3]
    for rows in (features, without(features, gaps)):
        encoder.static = False
        expected = encoder(rows)
        encoder.static = True
        assert_same(encoder(rows), expected, atol=1e-6)


class Encode(nn.Module):
    """The part of an encoder that is traced."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, values: Tensor, mask: Tensor) -> Tokens:
        return self.encoder.encode(values, mask)


def assert_can_be_traced(encoder: Encoder, features: Features) -> None:
    """`torch.export` traces `encode`, or the class says why not."""
    rows = features[torch.arange(8)]
    assert_exports(Encode(encoder.float()), rows.values, rows.mask, reason=encoder.not_exportable)


def assert_blind_under_mask(encoder: Encoder, features: Features) -> None:
    """Garbage under a False changes nothing, bit for bit, not even in training's gradients."""
    expected = encoder(features)
    for other in garbage(features):
        tokens = encoder(other)
        assert torch.equal(tokens.mask, expected.mask)
        assert torch.equal(zeroed(tokens), zeroed(expected))
        assert tokens.values.isfinite().all()
        encoder.zero_grad()
        zeroed(tokens).square().sum().backward()
        assert all(p.grad is None or p.grad.isfinite().all() for p in encoder.parameters())


def assert_blind_to_padding(encoder: Encoder, features: Features) -> None:
    """Steps added behind every row change nothing beyond rounding."""
    expected = encoder(features)
    for more in (1, 2, 7):
        padding = features.values[:, :1].expand(-1, more, *features.values.shape[2:])
        longer = Features(
            torch.cat([features.values, padding], dim=1),
            torch.cat([features.mask, features.mask.new_zeros(len(features), more)], dim=1),
        )
        assert_same(encoder(longer), expected, atol=1e-12)


def assert_absent_rows_are_absent(encoder: Encoder, features: Features) -> None:
    """Absent rows have all-False masks and finite numbers, and leave the other rows as they were."""
    absent = [0, len(features) - 1]
    tokens = encoder(without(features, absent))
    assert not tokens.mask[absent].any()
    assert tokens.values.isfinite().all()
    expected = encoder(features)
    assert_same(
        Tokens(tokens.values[1:-1], tokens.mask[1:-1]),
        Tokens(expected.values[1:-1], expected.mask[1:-1]),
        atol=1e-12,
    )


def assert_works_without_any_row(encoder: Encoder, features: Features) -> None:
    tokens = encoder(without(features, list(range(len(features)))))
    assert not tokens.mask.any()
    assert tokens.mask.shape[1] >= 1  # room for the token that stands for "missing"
    assert tokens.values.isfinite().all()
    assert tokens.dim == encoder.dim


def assert_order_free(encoder: Encoder, features: Features) -> None:
    """A row's tokens do not depend on its place in the batch, nor on being alone."""
    expected = encoder(features)
    order = torch.randperm(len(features))
    moved = encoder(features[order])
    assert_same(moved, Tokens(expected.values[order], expected.mask[order]), atol=1e-12)
    for row in (
        0,
        1,
        2,
        PATTERN - 1,
        PATTERN,
    ):  # a short row, the longest, one that may be absent, the next of the pattern
        alone = torch.tensor([row])
        assert_same(
            encoder(features[alone]),
            Tokens(expected.values[alone], expected.mask[alone]),
            atol=1e-12,
        )


def assert_trains_on_one_row(encoder: Encoder, features: Features) -> None:
    tokens = encoder.train()(features[torch.tensor([1])])
    assert tokens.values.isfinite().all()
    tokens.values.sum().backward()


def assert_gradient_everywhere(encoder: Encoder, features: Features) -> None:
    """Every parameter gets a gradient within a few training passes."""
    encoder.train()
    for _ in range(4):
        tokens = encoder(features)
        (zeroed(tokens) * torch.randn_like(tokens.values)).sum().backward()
        if not (untouched := list(_without_gradient(encoder))):
            break
    assert untouched == []


def _without_gradient(encoder: Encoder) -> Iterator[str]:
    for name, parameter in encoder.named_parameters():
        if not parameter.requires_grad or name.endswith(WITHOUT_EFFECT):
            continue
        if parameter.grad is None or not parameter.grad.abs().max() > 1e-9:
            yield name
        else:
            assert parameter.grad.isfinite().all(), name


def assert_autocast(encoder: Encoder, features: Features) -> None:
    """Under bfloat16 the tokens are finite and near those of full precision."""
    encoder = encoder.float()
    expected = zeroed(encoder(features)).detach()
    with torch.autocast("cpu", torch.bfloat16):
        tokens = encoder(without(features, [0]))
        assert encoder(without(features, list(range(len(features))))).values.isfinite().all()
    assert tokens.values.isfinite().all()
    gap = (zeroed(tokens).float() - expected)[1:].abs().max()
    assert gap < 0.1 * expected.abs().max()


def assert_saved_and_loaded(encoder: Encoder, other: Encoder, features: Features) -> None:
    """The state dict holds everything: another instance with it gives the same bits."""
    other.load_state_dict(encoder.state_dict())
    one, two = encoder(features), other(features)
    assert torch.equal(one.values, two.values)
    assert torch.equal(one.mask, two.mask)
