"""Every sharing once more as one function of plain tensors, for the comparison of speed.

`leaves` puts a sharing's parameters into as few tensors as the arithmetic wants: what tasks have of their own is one
tensor with the tasks first, where a sharing keeps a parameter for each task. A function is given the sharing for its
settings, those tensors as leaves, and the mean of each trunk's tokens `[batch, dim]`; it returns a vector per task, as one
tensor `[tasks, batch, width]` or a list, and, where the sharing has a penalty in training, that of each task
`[tasks]`, else None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from torso.sharing._batched_layers import BatchedLinear

Leaves = Mapping[str, Tensor]
Found = tuple[Tensor | list[Tensor], Tensor | None]


def leaves(part: nn.Module) -> dict[str, Tensor]:
    """Return name -> tensor: `weight [members, out, in]` and `bias [members, 1, out]` of stacked layers, and lists."""
    found: dict[str, Tensor] = {}
    inside: set[int] = set()
    for name, module in part.named_modules():
        if isinstance(module, BatchedLinear):
            found[f"{name}.weight"] = module.weight()
            if len(module.biases):
                found[f"{name}.bias"] = torch.cat([*module.biases]).view(module.members, 1, -1)
            inside |= {id(one) for one in module.parameters()}
        elif isinstance(module, nn.ParameterList):
            rest = [one for one in module if id(one) not in inside]
            if rest:
                found[name] = torch.stack(rest)
        elif isinstance(module, nn.Linear):
            found[f"{name}.weight"] = module.weight
            if module.bias is not None:
                found[f"{name}.bias"] = module.bias
    return found


def layer(w: Leaves, name: str, x: Tensor) -> Tensor:
    """Return `[members, batch, out]` from `[batch, in]`, the same for all, or `[members, batch, in]`."""
    weight, bias = w[f"{name}.weight"], w.get(f"{name}.bias")
    if x.ndim == 2:
        members, out, _ = weight.shape
        flat = F.linear(x, weight.flatten(0, 1), None if bias is None else bias.flatten())
        return flat.unflatten(1, (members, out)).transpose(0, 1)
    weight = weight.transpose(1, 2)
    return torch.bmm(x, weight) if bias is None else torch.baddbmm(bias, x, weight)


def shared_layer(w: Leaves, name: str, x: Tensor) -> Tensor:
    """Return `[..., out]` of the one member."""
    return F.linear(x, w[f"{name}.weight"][0], w[f"{name}.bias"].flatten())


def towers(w: Leaves, name: str, x: Tensor) -> Tensor:
    place = 0
    while f"{name}.layers.{place}.weight" in w:
        x = layer(w, f"{name}.layers.{place}", x).relu()
        place += 1
    return x


def hard(part: nn.Module, w: Leaves, x: Tensor) -> Found:
    del w
    return [x] * len(part.tasks), None


def separate(part: nn.Module, w: Leaves, *x: Tensor) -> Found:
    del part, w
    return [*x], None


def places(w: Leaves, ending: str) -> Iterator[int]:
    place = 0
    while f"layers.{place}.{ending}" in w:
        yield place
        place += 1


def film(part: nn.Module, w: Leaves, x: Tensor) -> Found:
    tasks = len(part.tasks)
    for place in places(w, "weight"):
        here = slice(place * tasks, (place + 1) * tasks)
        y = shared_layer(w, f"layers.{place}", x)
        x = ((1 + w["c"][here].unsqueeze(1)) * y + w["d"][here].unsqueeze(1)).relu()
    return x, None


def lora(part: nn.Module, w: Leaves, x: Tensor) -> Found:
    for place in places(w, "weight"):
        low = layer(w, f"a.{place}", x)
        x = (
            shared_layer(w, f"layers.{place}", x) + part.scale * layer(w, f"b.{place}", low)
        ).relu()
    return x, None


def adapters(part: nn.Module, w: Leaves, x: Tensor) -> Found:
    del part
    for place in places(w, "weight"):
        y = shared_layer(w, f"layers.{place}", x).relu()
        x = y + layer(w, f"up.{place}", layer(w, f"down.{place}", y).relu())
    return x, None


def mtan(part: nn.Module, w: Leaves, x: Tensor) -> Found:
    p = masked = x
    for place in range(len(part.first)):
        u = shared_layer(w, f"first.{place}", p).relu()
        p = shared_layer(w, f"second.{place}", u).relu()
        reads = u
        if place:
            before = shared_layer(w, f"between.{place - 1}", masked).relu()
            reads = torch.cat([u.expand_as(before), before], 2)
        masked = layer(w, f"h.{place}", layer(w, f"g.{place}", reads).relu()).sigmoid() * p
    return masked, None


def mixture(gates: Tensor, experts: Tensor) -> Tensor:
    return torch.bmm(gates.transpose(0, 1), experts.transpose(0, 1)).transpose(0, 1)


def mmoe(part: nn.Module, w: Leaves, x: Tensor) -> Found:
    del part
    return mixture(layer(w, "gates", x).softmax(2), towers(w, "experts", x)), None


def dselect_k(part: nn.Module, w: Leaves, x: Tensor) -> Found:
    z = (layer(w, "selectors", x) / part.gamma).clamp(-0.5, 0.5)
    steps = (-2 * z**3 + 1.5 * z + 0.5).unflatten(2, (part.k, 1, -1))
    chosen = torch.where(part.codes, steps, 1 - steps).prod(-1)  # [tasks, batch, k, experts]
    gates = (layer(w, "weights", x).softmax(2).unsqueeze(3) * chosen).sum(2)
    owed = -part.entropy * torch.xlogy(chosen, chosen + 1e-6).sum((2, 3))
    return mixture(gates, towers(w, "experts", x)), owed.mean(1)


def ple(part: nn.Module, w: Leaves, x: Tensor) -> Found:
    tasks = len(part.tasks)
    streams, shared = x.expand(tasks, *x.shape), x
    for number, level in enumerate(part.levels):
        at = f"levels.{number}"
        own = towers(w, f"{at}.experts", streams.repeat_interleave(level.own, 0))
        common = towers(w, f"{at}.common", shared)
        gates = layer(w, f"{at}.gates", streams).softmax(2)
        mine = own.unflatten(0, (tasks, level.own))
        streams = torch.einsum("kbe,kebw->kbw", gates[..., : level.own], mine) + mixture(
            gates[..., level.own :], common
        )
        if not level.top:
            weights = F.linear(shared, w[f"{at}.gate.weight"]).softmax(1)
            shared = torch.einsum("be,ebw->bw", weights, torch.cat([own, common]))
    return streams, None


def learned_branching(part: nn.Module, w: Leaves, x: Tensor) -> Found:
    def chosen(odds: Tensor, x: Tensor) -> Tensor:
        warmth = (part.temperature * (1 + part.step / part.cooling) ** -0.5).clamp(min=0.1)
        gumbel = -torch.empty_like(odds).exponential_().log()
        drawn = ((odds + gumbel) / warmth).softmax(1)
        return (drawn @ x.flatten(1)).view(len(odds), *x.shape[1:])

    for place in places(w, "weight"):
        read = chosen(w["odds"][place - 1].view(part.nodes, -1), x) if place else x
        x = layer(w, f"layers.{place}", read).relu()
    return chosen(w["leaves"], x), None


def cross_stitch(part: nn.Module, w: Leaves, x: Tensor) -> Found:
    tasks = len(part.tasks)
    for place in places(w, "weight"):
        x = layer(w, f"layers.{place}", x).relu()
        x = (w[f"units.{place}.rows"] @ x.reshape(tasks, -1)).view_as(x)
    return x, None


def sluice(part: nn.Module, w: Leaves, x: Tensor) -> Found:
    tasks, subspaces = len(part.tasks), part.subspaces
    stages = []
    for place in places(w, "weight"):
        x = layer(w, f"layers.{place}", x).relu()
        parts = x.unflatten(2, (subspaces, -1)).transpose(1, 2)  # [tasks, subspaces, batch, width]
        stitch = w[f"units.{place}.rows"].view(tasks * subspaces, -1)
        mixed = stitch @ parts.reshape(tasks * subspaces, -1)
        x = mixed.view(parts.shape).transpose(1, 2).flatten(2)
        stages.append(x)
    return torch.einsum("kl,lkbw->kbw", w["reads"], torch.stack(stages)), None


def nddr(part: nn.Module, w: Leaves, x: Tensor) -> Found:
    del part
    for place in places(w, "weight"):
        x = layer(w, f"layers.{place}", x).relu()
        x = layer(w, f"units.{place}.layer", x.transpose(0, 1).flatten(1)).relu()
    return x, None


def branches(part: nn.Module, w: Leaves, x: Tensor) -> Found:
    """A trunk, on which half of the tasks share a layer: `tree: [[[a, b], c, d]]`."""
    group = len(part.nodes[0][0])
    above = towers(w, "levels.0", x)[0]
    rest = len(part.tasks) - group
    return [above] * group + [x] * rest, None


def soft(part: nn.Module, w: Leaves, *x: Tensor) -> Found:
    """The leaves are the trunks' own, `trunk parameter`: whole modules, so one by one."""
    names = dict.fromkeys(name.split()[1] for name in w)
    trunks = dict.fromkeys(name.split()[0] for name in w)
    owed: Tensor | float = 0.0
    for name in names:
        own = torch.stack([w[f"{trunk} {name}"] for trunk in trunks])
        owed = owed + (own - own.detach().mean(0)).square().flatten(1).sum(1)
    return [*x], part.strength * owed


BY_HAND: dict[str, Callable[..., Found]] = {
    "adapters": adapters,
    "branches": branches,
    "cgc": ple,
    "cross_stitch": cross_stitch,
    "dselect_k": dselect_k,
    "film": film,
    "hard": hard,
    "learned_branching": learned_branching,
    "lora": lora,
    "mmoe": mmoe,
    "mtan": mtan,
    "nddr": nddr,
    "ple": ple,
    "separate": separate,
    "sluice": sluice,
    "soft": soft,
}
