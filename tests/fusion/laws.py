"""What holds for every fusion, alone and inside another one."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from itertools import cycle, permutations, product
from typing import Literal, get_args, get_origin, get_type_hints

import pytest
import torch

from tests.export_law import assert_exports
from torso.core.errors import ConfigError
from torso.core.spec import Spec, SpecLike
from torso.core.tensors import zeroed
from torso.core.types import Tokens
from torso.fusion import Fusion

DIM = 8
BATCH = 5
LENGTHS = {"image": 1, "text": 4, "a.b": 2}
"""Modality -> tokens per row; one name that PyTorch would not take for a module."""


def fusions() -> list[SpecLike]:
    """Return every registered fusion, each of its variants, and each inside one of those that hold fusions, in turn."""
    plain = list(Fusion.registry)
    varied = [spec for name, part in Fusion.registry.items() for spec in _variants(name, part)]
    nesting = [name for name, part in Fusion.registry.items() if "inner" in _settings(part)]
    nested = [
        {"type": outer, "inner": inner} for outer, inner in zip(cycle(nesting), plain, strict=False)
    ]
    return [*plain, *varied, *nested]


def order_invariant() -> list[SpecLike]:
    """Return every fusion that claims that the order of its modalities is no matter."""
    return [
        spec for spec in fusions() if Fusion.registry.find(Spec.parse(spec).name).order_invariant
    ]


def _settings(part: type[Fusion]) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(part).parameters


def _variants(name: str, part: type[Fusion]) -> list[SpecLike]:
    """Return a spec for every other value of a setting that is one of a few words."""
    hints = get_type_hints(part.__init__)
    return [
        {"type": name, setting: value}
        for setting, parameter in _settings(part).items()
        if get_origin(hints.get(setting)) is Literal
        for value in get_args(hints[setting])
        if value != parameter.default
    ]


def build(spec: SpecLike, seed: int = 0, modalities: Sequence[str] = tuple(LENGTHS)) -> Fusion:
    """Return a fusion in evaluation mode, in float64 so that "equal" can be strict."""
    torch.manual_seed(seed)
    return Fusion.registry.build(spec, modalities=list(modalities), dim=DIM).double().eval()


def example(seed: int = 1) -> dict[str, Tokens]:
    """Return tokens with gaps: row 0 is complete, row 1 has only text, row 2 has nothing at all."""
    torch.manual_seed(seed)
    tokens = {}
    for name, length in LENGTHS.items():
        mask = torch.rand(BATCH, length) < 0.7
        mask[0] = True
        mask[1] = name == "text"
        mask[2] = False
        values = torch.randn(BATCH, length, DIM, dtype=torch.float64)
        tokens[name] = Tokens(values, mask)
    return tokens


def complete(seed: int = 1) -> dict[str, Tokens]:
    """Return tokens without gaps."""
    return {
        name: Tokens(part_tokens.values, torch.ones_like(part_tokens.mask))
        for name, part_tokens in example(seed).items()
    }


def assert_can_be_traced(name: str) -> None:
    """`torch.export` traces the fusion, or its class says why not."""
    modalities = ("image", "text")
    try:  # tracing takes as long as a part is deep
        fusion = build({"type": name, "depth": 1}, modalities=modalities).float()
    except ConfigError:  # no such setting, or one layer is too few
        fusion = build(name, modalities=modalities).float()
    given = example()
    tokens = {
        modality: Tokens(given[modality].values.float(), given[modality].mask)
        for modality in fusion.modalities
    }
    assert_exports(fusion, tokens, reason=fusion.not_exportable)


def assert_shape(fusion: Fusion) -> None:
    fused = fusion(example())
    assert fused.values.shape == (BATCH, fused.mask.shape[1], DIM)
    assert fused.values.dtype == torch.float64
    assert fused.present[[0, 1, 3, 4]].all()
    assert fused.values.isfinite().all()


def assert_blind_under_mask(fusion: Fusion) -> None:
    """What stands under a False changes nothing, bit for bit, and gets no gradient."""
    tokens = example()
    expected = fusion(tokens)
    for wild in (torch.nan, torch.inf, -1e30):
        garbage = {
            name: Tokens(
                part_tokens.values.masked_fill(
                    ~part_tokens.mask.unsqueeze(-1), wild
                ).requires_grad_(),
                part_tokens.mask,
            )
            for name, part_tokens in tokens.items()
        }
        fused = fusion(garbage)
        assert torch.equal(fused.mask, expected.mask)
        assert torch.equal(fused.values, expected.values)
        fusion.zero_grad()
        zeroed(fused).square().sum().backward()
        assert all(p.grad is None or p.grad.isfinite().all() for p in fusion.parameters())
        for part_tokens in garbage.values():
            assert not part_tokens.values.grad[~part_tokens.mask].any()


def assert_rows_are_independent(fusion: Fusion) -> None:
    """Other rows may change, move or go: a row's tokens stay."""
    tokens = example()
    expected = fusion(tokens)
    for row in range(BATCH):
        others = torch.arange(BATCH) != row
        changed = {
            name: Tokens(
                torch.where(others[:, None, None], -3.0 * part_tokens.values, part_tokens.values),
                torch.where(others[:, None], ~part_tokens.mask, part_tokens.mask),
            )
            for name, part_tokens in tokens.items()
        }
        fused = fusion(changed)
        assert torch.equal(fused.values[row], expected.values[row])
        assert torch.equal(fused.mask[row], expected.mask[row])
        alone = fusion({n: Tokens(t.values[[row]], t.mask[[row]]) for n, t in tokens.items()})
        torch.testing.assert_close(alone.values[0], expected.values[row], rtol=0, atol=1e-12)
    order = torch.randperm(BATCH)
    moved = fusion({name: Tokens(t.values[order], t.mask[order]) for name, t in tokens.items()})
    torch.testing.assert_close(moved.values, expected.values[order], rtol=0, atol=1e-12)


def assert_any_subset(fusion: Fusion) -> None:
    """Any modalities may be absent, by mask or by key, which is the same thing."""
    tokens = complete()
    for flags in product([True, False], repeat=len(tokens)):
        kept = {name for name, flag in zip(tokens, flags, strict=True) if flag}
        masked = fusion({n: Tokens(t.values, t.mask & (n in kept)) for n, t in tokens.items()})
        assert masked.values.isfinite().all()
        if kept:
            by_key = fusion({name: tokens[name] for name in kept})
            assert torch.equal(by_key.mask, masked.mask)
            torch.testing.assert_close(zeroed(by_key), zeroed(masked), rtol=0, atol=1e-12)


def assert_order_of_keys_is_no_matter(fusion: Fusion) -> None:
    tokens = example()
    backwards = dict(reversed(tokens.items()))
    torch.testing.assert_close(fusion(backwards).values, fusion(tokens).values, rtol=0, atol=1e-12)


def assert_every_modality_matters(fusion: Fusion) -> None:
    """Every row's output has a gradient to every token it has."""
    tokens = {n: Tokens(t.values.requires_grad_(), t.mask) for n, t in example().items()}
    fused = fusion(tokens)
    (zeroed(fused) * torch.randn_like(fused.values)).sum().backward()
    for name, part_tokens in tokens.items():
        assert (part_tokens.values.grad.abs().amax(dim=2)[part_tokens.mask] > 1e-9).all(), name


def assert_gradient_everywhere(fusion: Fusion) -> None:
    """Every parameter gets a gradient within a few training passes."""
    fusion.train()
    for seed in range(4):
        fused = fusion(example(seed))
        (zeroed(fused) * torch.randn_like(fused.values)).sum().backward()
    for name, parameter in fusion.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().max() > 1e-9, name


def assert_autocast(fusion: Fusion) -> None:
    """Under bfloat16, and with tokens of bfloat16, the result is finite and near full precision."""
    fusion = fusion.float()
    tokens = {
        name: Tokens(part_tokens.values.float(), part_tokens.mask)
        for name, part_tokens in example().items()
    }
    mixed = {
        n: Tokens(t.values.bfloat16(), t.mask) if n == "text" else t for n, t in tokens.items()
    }
    expected = zeroed(fusion(tokens)).detach()
    with torch.autocast("cpu", torch.bfloat16):
        for given in (tokens, mixed):
            fused = fusion(given)
            assert fused.values.isfinite().all()
            assert (zeroed(fused).float() - expected).abs().max() < 0.1 * expected.abs().max()


def assert_saved_and_loaded(fusion: Fusion, other: Fusion) -> None:
    """The state dict holds everything: another instance with it gives the same bits."""
    other.load_state_dict(fusion.state_dict())
    assert torch.equal(other(example()).values, fusion(example()).values)


def assert_names_are_checked(fusion: Fusion) -> None:
    tokens = example()
    with pytest.raises(ValueError, match=r"Unknown modality 'txet'\. Did you mean 'text'\?"):
        fusion({"image": tokens["image"], "txet": tokens["text"]})
    with pytest.raises(ValueError, match=r"`tokens` should hold at least one modality"):
        fusion({})


def assert_needs_a_modality(spec: SpecLike) -> None:
    with pytest.raises(ValueError, match=r"`modalities` should name at least one"):
        Fusion.registry.build(spec, modalities=[], dim=DIM)


def assert_one_modality_is_enough(spec: SpecLike) -> None:
    torch.manual_seed(0)
    fusion = Fusion.registry.build(spec, modalities=["text"], dim=DIM).double()
    assert fusion({"text": example()["text"]}).values.isfinite().all()


def assert_order_of_modalities_is_no_matter(spec: SpecLike) -> None:
    """The same weights by name, in a fusion built with another order: the same function."""
    fusion, tokens = build(spec), example()
    for order in permutations(LENGTHS):
        other = build(spec, seed=9, modalities=order)
        other.load_state_dict(fusion.state_dict())
        torch.testing.assert_close(other(tokens).values, fusion(tokens).values, rtol=0, atol=1e-12)
