"""A trained model's weights put into a new one, part by part, so that common parts begin as they were learnt.

Names decide, not places: modalities may be gone or new, tasks too, and a head may have further classes behind those
that it knows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor, nn

from torso.core.errors import ConfigError
from torso.core.spec import Spec, SpecLike
from torso.fusion import Fusion
from torso.model.model import Model
from torso.model.trunk import Trunk
from torso.sharing import Sharing
from torso.tasks import Head

__all__ = ["Alike", "Carried", "carry_over"]

Amount = Literal["whole", "partly", "fresh"]


@dataclass(frozen=True)
class Alike:
    """Parts that mean the same in both models.

    Attributes:
        dim: width of a token, the same in both.
        modalities: with the same columns and the same encoder.
        tasks: with the same kind of target and of head; the classes of the old one come first in the new one.
        fusion: its spec, if both models have it; None if theirs differ.
        sharing: likewise.
    """

    dim: int
    modalities: Collection[str]
    tasks: Collection[str]
    fusion: Spec | SpecLike | None
    sharing: Spec | SpecLike | None


@dataclass
class Carried:
    """Parts of a new model, by how much of each comes from the trained one.

    Attributes:
        amounts: `encoder of 'x'`, `fusion`, `sharing`, `head of 'y'` -> how much.
        body: parameters below the heads that are trained ones and that no single task owns.
        modules: that hold nothing but trained weights.
    """

    amounts: dict[str, Amount] = field(default_factory=dict)
    body: list[nn.Parameter] = field(default_factory=list)
    modules: list[nn.Module] = field(default_factory=list)

    def named(self, amount: Amount) -> list[str]:
        """Return the parts of which so much is carried over."""
        return [name for name, own in self.amounts.items() if own == amount]

    def note(self, name: str, amount: Amount, modules: Sequence[nn.Module] = ()) -> None:
        """Add a part; of one that occurs in several trunks the least counts."""
        order: list[Amount] = ["fresh", "partly", "whole"]
        self.amounts[name] = min(amount, self.amounts.get(name, "whole"), key=order.index)
        if amount == "whole":
            self.modules += modules
            self.body += [parameter for module in modules for parameter in module.parameters()]


@torch.no_grad()
def carry_over(model: Model, source: Model, alike: Alike) -> Carried:
    """Put the weights of `source` into `model` where both mean the same, and return which parts these are.

    A trunk that the source lacks, such as that of a new task where each task has its own, begins as the source's first.

    Args:
        model: untrained.
        source: trained; stays as it is.
        alike: parts that mean the same.
    """
    carried = Carried()
    with torch.random.fork_rng(
        devices=[]
    ):  # further copies of parts are drawn only to look at them
        for name, trunk in model.trunks.pairs():
            known = name if name in source.trunks else next(iter(source.trunks.names()))
            _carry_trunk(trunk, source.trunks[known], alike, carried)
        _carry_sharing(model.sharing, source.sharing, alike, carried)
    for task, head in model.heads.pairs():
        put = task in alike.tasks and _put_leading(head, source.heads[task])
        carried.note(f"head of {task!r}", "whole" if put else "fresh")
    for own, old in _modality_heads(model, source, alike):
        _put_leading(own, old)
    return carried


def _carry_trunk(trunk: Trunk, source: Trunk, alike: Alike, carried: Carried) -> None:
    for name, encoder in trunk.encoders.pairs():
        own: list[nn.Module] = [encoder]
        put = name in alike.modalities and _put(encoder, source.encoders[name])
        for beside, known in ((trunk.missing, source.missing), (trunk.sizes, source.sizes)):
            if put and name in beside and name in known and _put(beside[name], known[name]):
                own.append(beside[name])
        carried.note(f"encoder of {name!r}", "whole" if put else "fresh", own)
    carried.note("fusion", _carry_fusion(trunk.fusion, source.fusion, alike), [trunk.fusion])


def _carry_fusion(fusion: Fusion, source: Fusion, alike: Alike) -> Amount:
    """Put the weights of a fusion of perhaps other modalities into a new one; return how many of them.

    Where the length of an axis grows with the number of modalities, it holds a block for each, in their order.
    """
    if alike.fusion is None:
        return "fresh"
    if fusion.modalities == source.modalities:
        return "whole" if _put(fusion, source) else "fresh"
    own, known = fusion.state_dict(), source.state_dict()
    more = _with_one_more(alike.fusion, source.modalities, alike.dim)
    put = [
        key in known and _put_blocks(value, known[key], more.get(key), (fusion, source))
        for key, value in own.items()
    ]
    return "partly" if any(put) else "fresh"


def _with_one_more(
    spec: Spec | SpecLike, modalities: Sequence[str], dim: int
) -> Mapping[str, Tensor]:
    """Return the state of an untrained fusion of one modality more; empty if its settings name all of them."""
    with suppress(ConfigError):
        twin = Fusion.registry.build(spec, modalities=[*modalities, "+".join(modalities)], dim=dim)
        return twin.state_dict()
    return {}


def _put_blocks(
    value: Tensor, known: Tensor, more: Tensor | None, fusions: tuple[Fusion, Fusion]
) -> bool:
    """Put a trained tensor's blocks of modalities into a new one's.

    Args:
        value: of the new fusion, changed.
        known: of the trained one.
        more: that tensor with one modality more; None if there is none.
        fusions: the new one and the trained one.
    """
    if more is None or more.ndim != known.ndim or value.ndim != known.ndim:
        return False
    new, old = (fusion.modalities for fusion in fusions)
    both = [name for name in new if name in old]
    into, out_of = value, known
    for axis, (length, longer) in enumerate(zip(known.shape, more.shape, strict=True)):
        if length == longer:
            if value.shape[axis] != length:
                return False
            continue
        width = longer - length
        if length != width * len(old) or value.shape[axis] != width * len(new):
            return False
        place = into.ndim - known.ndim + axis
        into = _split(into, place, len(new))
        out_of = _split(out_of, place, len(old))
    axes = [axis for axis in range(known.ndim) if known.shape[axis] != more.shape[axis]]
    places = [axis + number for number, axis in enumerate(axes)]  # of the modalities, unflattened
    for at in _all_pairs(both, len(places)):
        own, before = into, out_of
        for place, name in zip(reversed(places), reversed(at), strict=True):
            own = own.select(place, new.index(name))
            before = before.select(place, old.index(name))
        own.copy_(before)
    return True


def _split(tensor: Tensor, axis: int, blocks: int) -> Tensor:
    """Return a view in which an axis is two: the blocks, and their width."""
    shape = tensor.shape
    return tensor.view(*shape[:axis], blocks, shape[axis] // blocks, *shape[axis + 1 :])


def _all_pairs(names: Sequence[str], count: int) -> Iterator[tuple[str, ...]]:
    if not count:
        yield ()
        return
    for rest in _all_pairs(names, count - 1):
        yield from ((*rest, name) for name in names)


def _carry_sharing(sharing: Sharing, source: Sharing, alike: Alike, carried: Carried) -> None:
    """Put the weights of a sharing of perhaps other tasks into a new one.

    Those of all tasks are taken by name; those of single tasks only if the new tasks come behind the old ones.
    """
    own, known = dict(sharing.named_parameters()), source.state_dict()
    if not own:
        return
    shared = _shared_names(alike, sharing)
    behind = sharing.tasks[: len(source.tasks)] == source.tasks
    put = []
    for key, parameter in own.items() if alike.sharing is not None else ():
        if key in known and known[key].shape == parameter.shape and (behind or key in shared):
            parameter.copy_(known[key])
            put.append(key)
    amount: Amount = "whole" if len(put) == len(own) else "partly" if put else "fresh"
    carried.note("sharing", amount)
    carried.body += [own[key] for key in put if key in shared]


def _shared_names(alike: Alike, sharing: Sharing) -> set[str]:
    """Return the names of parameters that all tasks use, however many there are."""
    if alike.sharing is None:
        return set()
    tasks = sharing.tasks if len(sharing.tasks) > 1 else (*sharing.tasks, sharing.tasks[0] + "+")
    with suppress(ConfigError):
        twin = Sharing.registry.build(alike.sharing, tasks=list(tasks), dim=alike.dim)
        shared = {id(parameter) for parameter in twin.shared_parameters()}
        return {name for name, own in twin.named_parameters() if id(own) in shared}
    return set()


def _modality_heads(model: Model, source: Model, alike: Alike) -> Iterator[tuple[Head, Head]]:
    """Yield the heads above single modalities that both models have."""
    if model.modality_heads is None or source.modality_heads is None:
        return
    before = {pair: name for name, pair in source.modality_heads.names.items()}
    for name, (task, modality) in model.modality_heads.names.items():
        if task in alike.tasks and modality in alike.modalities and (task, modality) in before:
            yield (
                model.modality_heads.head(name),
                source.modality_heads.head(before[task, modality]),
            )


def _put(module: nn.Module, source: nn.Module) -> bool:
    """Give a module the state of another of the same shapes; return False if there is none to give."""
    own, known = module.state_dict(), source.state_dict()
    if own.keys() != known.keys() or any(
        value.numel() and value.shape != known[key].shape for key, value in own.items()
    ):
        return False
    module.load_state_dict(known)
    return True


def _put_leading(head: Head, source: Head) -> bool:
    """Give a head, first in each axis, the state of one that may have fewer classes; return False if it has other ones."""
    own, known = head.state_dict(), source.state_dict()
    if own.keys() != known.keys() or any(
        value.ndim != known[key].ndim
        or any(a < b for a, b in zip(value.shape, known[key].shape, strict=True))
        for key, value in own.items()
    ):
        return False
    for key, value in own.items():
        value[tuple(slice(length) for length in known[key].shape)] = known[key].to(value.device)
    head.uncalibrate()  # as every training begins
    return True
