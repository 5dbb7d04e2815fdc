"""Integrated gradients: shares of the network's answer along the straight way from inputs of zero to the row.

From Sundararajan, Taly, Yan, "Axiomatic Attribution for Deep Networks", ICML 2017 (https://arxiv.org/abs/1703.01365).
Differs: indices (words, categories) are followed on their embeddings, which also begin at zero. Shares sum to the answer
less that to inputs of zero, up to the steps of the sum; `Gradients.gap` says how exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor, nn

from torso.columns.loader import gather
from torso.core.types import Features
from torso.evaluation.weighted import Floats
from torso.model.ensemble import Ensemble
from torso.model.model import Model
from torso.studies.explain.asked_row import AskedRow
from torso.studies.explain.figures import Figure
from torso.studies.explain.shares import Shares

__all__ = ["Gradients", "gradients"]


STEPS = 128


@dataclass(frozen=True)
class Gradients:
    """Shares by gradients.

    Attributes:
        shares: of modalities and parts; errors are 0.
        value: the network's figures, `[tasks]`.
        without: those at inputs of zero.
        blind: modalities whose parts gradients do not tell apart, or do not reach.
    """

    shares: Shares
    value: Floats
    without: Floats
    blind: tuple[str, ...]

    @property
    def gap(self) -> Floats:
        """Difference between the sum of all shares and the figures that they share out, `[tasks]`."""
        total = np.sum([share for share, _ in self.shares.modalities.values()], axis=0)
        return np.asarray(total - (self.value - self.without))


def gradients(
    row: AskedRow, steps: Sequence[float] | None = None, *, absolute: bool = False
) -> Gradients:
    """Return shares by integrated gradients of the network alone, in the unit of each head.

    Args:
        row: the row.
        steps: places on the way at which gradients are taken, 0 to 1; None: the midpoints of 128 steps.
        absolute: sums of absolute gradients instead, not times the input (Simonyan et al. 2014): no shares of an answer.
    """
    model = row.predictor.model
    device = next(model.parameters()).device
    ways = torch.tensor(steps or [(step + 0.5) / STEPS for step in range(STEPS)])
    batch = gather(row.laid_out([row.whole])[1], np.zeros(1, np.int64))
    features = {name: each.to(device) for name, each in batch.inputs.items()}
    figures = list(row.figures.values())
    with torch.no_grad():
        ends = torch.tensor([1.0, 0.0])
        way = _Way(ends)
        with way.embeddings(model):
            both = _figures(model, way.features(features), figures)
    value, without = both.double().cpu().numpy()
    way = _Way(ways)
    with torch.enable_grad(), way.embeddings(model):
        inputs = way.features(features)
        stated = _figures(model, inputs, figures)
        slopes = [
            torch.autograd.grad(
                stated[:, task].sum(), way.leaves, retain_graph=True, allow_unused=True
            )
            for task in range(len(figures))
        ]
    shares, blind = _shares(row, way, slopes, absolute=absolute)
    return Gradients(shares, value, without, blind)


@dataclass(eq=False)
class _Way:
    """The row at several places between inputs of zero and itself.

    Attributes:
        at: places, `[steps]`.
        names: modality of each leaf.
        leaves: tensors that gradients are taken at, `[steps, ...]`.
        whole: the same at the row itself, `[...]`.
    """

    at: Tensor
    names: list[str] = field(default_factory=list)
    leaves: list[Tensor] = field(default_factory=list)
    whole: list[Tensor] = field(default_factory=list)

    def features(self, features: Mapping[str, Features]) -> dict[str, Features]:
        """Return the features once per place; those that are no indices are scaled."""
        return {name: self._scaled(name, each) for name, each in features.items()}

    def _scaled(self, name: str, features: Features) -> Features:
        steps = len(self.at)
        values = features.values.expand(steps, *features.values.shape[1:])
        if features.values.dtype == torch.uint8:
            values = values.float() / 255.0
        if values.is_floating_point() and features.present.any():
            whole = values[0].float()
            values = self._followed(name, whole)
        sizes = features.sizes
        return replace(
            features,
            values=values,
            mask=features.mask.expand(steps, *features.mask.shape[1:]),
            sizes=None if sizes is None else sizes.expand(steps, *sizes.shape[1:]),
        )

    @contextmanager
    def embeddings(self, model: Model) -> Iterator[None]:
        """Scale the embeddings of all indices while the block runs."""
        hooks = [
            module.register_forward_hook(self._hook(name))
            for network in _networks(model)
            for _, trunk in network.trunks.pairs()
            for name, encoder in trunk.encoders.pairs()
            for module in encoder.modules()
            if isinstance(module, nn.Embedding)
        ]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def _hook(self, name: str) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], Tensor]:
        def scaled(module: nn.Module, ids: tuple[Tensor, ...], output: Tensor) -> Tensor:
            del module, ids
            if output.ndim < 3 or len(output) != len(self.at):  # of positions, not of cells
                return output
            return self._followed(name, output[0].detach())

        return scaled

    def _followed(self, name: str, whole: Tensor) -> Tensor:
        """Return `[steps, ...]` from zero to `whole`, and keep it as a leaf where gradients are taken."""
        at = self.at.to(whole.device).view(-1, *(1,) * whole.ndim)
        leaf = at * whole
        if torch.is_grad_enabled():
            leaf.requires_grad_()
            self.names.append(name)
            self.leaves.append(leaf)
            self.whole.append(whole)
        return leaf


def _networks(model: Model) -> list[Model]:
    """Return the networks that answer together."""
    if not isinstance(model, Ensemble):
        return [model]
    return [member for member in model.members if isinstance(member, Model)]


def _figures(model: Model, inputs: Mapping[str, Features], figures: Sequence[Figure]) -> Tensor:
    """Return the network's figures, `[steps, tasks]`."""
    outputs = model(inputs)
    said = [(model.heads[each.task].predict(outputs[each.task]), each.index) for each in figures]
    columns = [
        value.flatten(1)[:, index or 0] if value.ndim > 1 else 1 - value if index == 0 else value
        for value, index in said
    ]
    return torch.stack(columns, dim=1)


def _shares(
    row: AskedRow, way: _Way, slopes: Sequence[Sequence[Tensor | None]], *, absolute: bool
) -> tuple[Shares, tuple[str, ...]]:
    """Return gradients as shares of the row's parts, and the modalities in which these are not told apart."""
    parts = np.zeros((len(row.parts), len(slopes)))
    reached: set[str] = set()
    blind: set[str] = set()
    for task, of_leaves in enumerate(slopes):
        for name, whole, slope in zip(way.names, way.whole, of_leaves, strict=True):
            if slope is None:
                continue
            reached.add(name)
            mean = slope.abs().mean(dim=0) if absolute else slope.mean(dim=0) * whole
            told = _by_part(row, name, mean.double().cpu().numpy())
            if told is None:
                blind.add(name)
                own = list(row.blocks.get(name, ()))
                parts[own, task] += float(mean.sum()) / max(1, len(own))
            else:
                parts[:, task] += told
    zero = np.zeros(len(slopes))
    modalities = {name: (parts[list(own)].sum(axis=0), zero) for name, own in row.blocks.items()}
    unreached = {name for name in row.blocks if name not in reached}
    order = [name for name in row.blocks if name in blind | unreached]
    return Shares(modalities, [(share, zero) for share in parts]), tuple(order)


def _by_part(row: AskedRow, modality: str, gradient: Floats) -> Floats | None:
    """Return each part's sum, `[parts]`; None where the parts of the modality cannot be told apart."""
    own = row.blocks.get(modality, ())
    total = np.zeros(len(row.parts))
    if len(own) == 1:
        total[own[0]] = gradient.sum()
        return total
    owners = row.owners(modality)
    if owners is None or gradient.shape[: owners.ndim] != owners.shape:
        return None
    flat = gradient.reshape(*owners.shape, -1).sum(axis=-1)
    for number in own:
        total[number] = flat[owners == number].sum()
    return total
