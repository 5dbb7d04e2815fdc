"""The values that travel between the rooms.

A `Batch` is some rows of a table. It holds `Features` for each modality, which an encoder reads. Every encoder
and every fusion returns `Tokens`, the one currency between rooms.

All are immutable and hold no behaviour beyond shape checks and indexing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

__all__ = ["Batch", "Features", "Tokens"]


@dataclass(frozen=True, slots=True)
class Features:
    """One modality of a batch, before its encoder.

    >>> sounds = Features(  # two recordings of 3 and 1 frames, a row without one
    ...     torch.zeros(3, 3, 64),
    ...     torch.tensor([[True, True, True], [True, False, False], [False, False, False]]),
    ... )
    >>> len(sounds), sounds.present.tolist()
    (3, [True, True, False])
    >>> sounds[torch.tensor([0, 2])].values.shape
    torch.Size([2, 3, 64])

    Attributes:
        values: `[batch, ...]`; the form gives the axes their meaning (see `torso.columns.inputs`).
        mask: bool, `[batch]` for values of a fixed shape or `[batch, length]` where each row has its own
            number of steps (text, audio, sequence) or columns (numbers, categories). False = absent.
        encoded: True if the frozen part of the encoder has run already: `values` are its tokens,
            `[batch, length, width]`.
        sizes: float `[batch, sizes]`, what `values` have lost of the whole file, such as a recording's seconds; NaN
            where it is unknown. None if nobody asked for them.
    """

    values: Tensor
    mask: Tensor
    encoded: bool = False
    sizes: Tensor | None = None

    def __post_init__(self) -> None:
        if self.mask.dtype != torch.bool:
            raise ValueError(f"Parameter `mask` should be bool. Found dtype {self.mask.dtype}.")
        if self.mask.ndim not in (1, 2) or self.values.shape[: self.mask.ndim] != self.mask.shape:
            raise ValueError(
                "Parameter `mask` should be [batch] or [batch, length] and match the leading axes of `values`. "
                f"Found mask {tuple(self.mask.shape)} and values {tuple(self.values.shape)}."
            )

    @property
    def present(self) -> Tensor:
        """Bool `[batch]`: the rows that have this modality at all."""
        return self.mask if self.mask.ndim == 1 else self.mask.any(dim=1)

    def __len__(self) -> int:
        return len(self.mask)

    def __getitem__(self, rows: Tensor) -> Features:
        sizes = None if self.sizes is None else self.sizes[rows]
        return Features(self.values[rows], self.mask[rows], self.encoded, sizes)

    def only(self, rows: Tensor) -> Features:
        """Return the same features, present only where bool `rows` `[batch]` says so."""
        kept = rows.view(-1, *(1,) * (self.mask.ndim - 1))
        return replace(self, mask=self.mask & kept)

    def to(self, device: torch.device | str) -> Features:
        """Return the same features on `device`."""
        return Features(
            self.values.to(device, non_blocking=True),
            self.mask.to(device, non_blocking=True),
            self.encoded,
            None if self.sizes is None else self.sizes.to(device, non_blocking=True),
        )


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of each row, the one currency between rooms; a vector is the length-1 case.

    >>> tokens = Tokens(torch.zeros(2, 5, 64), torch.tensor([[True] * 5, [False] * 5]))
    >>> tokens.dim, tokens.present.tolist()  # the second row lacks the modality
    (64, [True, False])

    Attributes:
        values: `[batch, length, dim]`.
        mask: bool, `[batch, length]`; an all-False row lacks the modality. Values under a False are
            never read: they may be anything finite or not.
    """

    values: Tensor
    mask: Tensor

    def __post_init__(self) -> None:
        if self.values.ndim != 3:
            raise ValueError(
                "Parameter `values` should be [batch, length, dim]. "
                f"Found values.shape = {tuple(self.values.shape)}."
            )
        if self.mask.dtype != torch.bool or self.mask.shape != self.values.shape[:2]:
            raise ValueError(
                f"Parameter `mask` should be bool of shape {tuple(self.values.shape[:2])}. "
                f"Found {self.mask.dtype} of shape {tuple(self.mask.shape)}."
            )

    @classmethod
    def vector(cls, values: Tensor, present: Tensor | None = None) -> Tokens:
        """Return one token per row from `values` `[batch, dim]`; `present` bool `[batch]`, default all.

        >>> Tokens.vector(torch.zeros(3, 8)).values.shape
        torch.Size([3, 1, 8])
        """
        if present is None:
            present = values.new_ones(values.shape[0], dtype=torch.bool)
        return cls(values.unsqueeze(1), present.unsqueeze(1))

    @property
    def present(self) -> Tensor:
        """Bool `[batch]`: the rows with at least one token."""
        return self.mask.any(dim=1)

    @property
    def dim(self) -> int:
        """Width of a token."""
        return self.values.shape[2]


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of a table, ready for the model.

    >>> weight = Features(torch.tensor([[0.3], [-1.2]]), torch.tensor([[True], [True]]))
    >>> batch = Batch({"weight": weight}, {"healthy": torch.tensor([1.0, 0.0])}, torch.arange(2))
    >>> first = torch.tensor([True, False])
    >>> hidden = batch.map(lambda name, features: features.only(first))
    >>> len(hidden), hidden.inputs["weight"].present.tolist()
    (2, [True, False])

    Attributes:
        inputs: modality -> features.
        targets: task -> targets in its head's form; a missing label is NaN, or -1 for a class index.
        rows: int64 `[batch]`, the position of each row in its table.
        weights: float32 `[batch]`, how much each row counts in a training loss; None: all alike.
    """

    inputs: Mapping[str, Features]
    targets: Mapping[str, Tensor] = field(default_factory=dict)
    rows: Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.int64))
    weights: Tensor | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def to(self, device: torch.device | str) -> Batch:
        """Return the same batch on `device`; `rows` stay on the CPU."""
        return Batch(
            {name: features.to(device) for name, features in self.inputs.items()},
            {name: target.to(device, non_blocking=True) for name, target in self.targets.items()},
            self.rows,
            None if self.weights is None else self.weights.to(device, non_blocking=True),
        )

    def map(self, change: Callable[[str, Features], Features]) -> Batch:
        """Return the batch with `change(name, features)` instead of each input."""
        inputs = {name: change(name, features) for name, features in self.inputs.items()}
        return replace(self, inputs=inputs)


def _as_tree(kind: type[Features | Tokens]) -> None:
    """Let `torch.export` and other tree walkers see the tensors inside `kind`.

    A walker also rebuilds the object around things that are no tensors (shapes, devices), so the checks of
    `__post_init__` are left out there.
    """

    def flatten(whole: Features | Tokens) -> tuple[list[Tensor], bool]:
        sizes = getattr(whole, "sizes", None)
        leaves = [whole.values, whole.mask]
        return leaves if sizes is None else [*leaves, sizes], getattr(whole, "encoded", False)

    def flatten_with_keys(
        whole: Features | Tokens,
    ) -> tuple[list[tuple[pytree.KeyEntry, Tensor]], bool]:
        leaves, encoded = flatten(whole)
        keys = [pytree.GetAttrKey(name) for name in ("values", "mask", "sizes")]
        return list(zip(keys, leaves, strict=False)), encoded

    def unflatten(leaves: Iterable[Tensor], encoded: bool) -> Features | Tokens:
        whole = object.__new__(kind)
        values, mask, *sizes = leaves
        held: dict[str, object] = {"values": values, "mask": mask}
        if kind is Features:
            held |= {"encoded": encoded, "sizes": sizes[0] if sizes else None}
        for name, leaf in held.items():
            object.__setattr__(whole, name, leaf)
        return whole

    pytree.register_pytree_node(
        kind,
        flatten,
        unflatten,
        serialized_type_name=f"torso.{kind.__name__}",
        flatten_with_keys_fn=flatten_with_keys,
    )


_as_tree(Features)
_as_tree(Tokens)
