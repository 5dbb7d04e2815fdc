"""Every fusion once more as one function of plain tensors, for the comparison of speed.

A function is given the fusion, for its parameters only, and modality -> (values `[batch, length, dim]`, mask bool
`[batch, length]`), every modality with its key; it returns `[batch, length, dim]`, anything finite in rows that the
fusion calls absent. What stands under a mask may be anything, so it is cleared once, where it comes in; later masks
go where the arithmetic needs them and nowhere else. Dropout is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Pair = tuple[Tensor, Tensor]
Given = Mapping[str, Pair]


def clear(values: Tensor, mask: Tensor) -> Tensor:
    return values.masked_fill(~mask.unsqueeze(2), 0.0)


def mean(values: Tensor, mask: Tensor) -> Tensor:
    if values.shape[1] == 1:
        return clear(values, mask)[:, 0]
    return clear(values, mask).sum(1) / mask.sum(1, keepdim=True).clamp(min=1)


def known_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Return the mean of cleared values."""
    return values.sum(1) / mask.sum(1, keepdim=True).clamp(min=1)


def linear(layer: nn.Module, x: Tensor) -> Tensor:
    return F.linear(x, layer.weight, layer.bias)


def norm(layer: nn.Module, x: Tensor) -> Tensor:
    return F.layer_norm(x, (x.shape[-1],), layer.weight, layer.bias)


def two_layers(first: nn.Module, last: nn.Module, x: Tensor) -> Tensor:
    return linear(last, F.gelu(linear(first, x)))


def there(x: Given) -> Tensor:
    """Return bool `[batch, modalities]`."""
    return torch.stack([mask.any(1) for _, mask in x.values()], 1)


def attention(layer: nn.Module, queries: Tensor, keys: Tensor, allowed: Tensor) -> Tensor:
    """Return the attention to the keys that are allowed; every row has one."""
    dim = queries.shape[2]
    query = linear(layer.query, queries).unflatten(2, (layer.heads, -1)).transpose(1, 2)
    both = linear(layer.key_value, keys)
    key, value = (
        part.unflatten(2, (layer.heads, -1)).transpose(1, 2) for part in both.split(dim, 2)
    )
    mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=allowed[:, None, None])
    return linear(layer.out, mixed.transpose(1, 2).flatten(2))


def block(layer: nn.Module, x: Tensor, mask: Tensor, queries: int | None = None) -> Tensor:
    normed = norm(layer.norm_attention, x)
    asking = normed if queries is None else normed[:, :queries]
    x = x if queries is None else x[:, :queries]
    x = x + attention(layer.attention, asking, normed, mask)
    return x + two_layers(layer.feed[0], layer.feed[2], norm(layer.norm_feed, x))


def cross(layer: nn.Module, x: Tensor, keys: Tensor, mask: Tensor) -> Tensor:
    asking, seen = norm(layer.norm_queries, x), norm(layer.norm_keys, keys)
    x = x + attention(layer.attention, asking, seen, mask)
    return x + two_layers(layer.feed[0], layer.feed[2], norm(layer.norm_feed, x))


def vector(x: Tensor) -> Tensor:
    return x.unsqueeze(1)


# --- parallel ---------------------------------------------------------------------------------------


def concat(part: nn.Module, x: Given) -> Tensor:
    joined = torch.cat([mean(*one) for one in x.values()], 1)
    return vector(two_layers(part.mix[0], part.mix[3], joined))


def projected(part: nn.Module, x: Given) -> Tensor:
    return torch.stack([linear(part.project[name], mean(*one)) for name, one in x.items()], 1)


def total(part: nn.Module, x: Given) -> Tensor:
    return vector(projected(part, x).masked_fill(~there(x).unsqueeze(2), 0.0).sum(1))


def average(part: nn.Module, x: Given) -> Tensor:
    present = there(x)
    summed = projected(part, x).masked_fill(~present.unsqueeze(2), 0.0).sum(1)
    return vector(summed / present.sum(1, keepdim=True).clamp(min=1))


def largest(part: nn.Module, x: Given) -> Tensor:
    present = there(x)
    found = projected(part, x).masked_fill(~present.unsqueeze(2), -torch.inf).amax(1)
    return vector(torch.where(present.any(1, keepdim=True), found, 0.0))


def gated(part: nn.Module, x: Given) -> Tensor:
    vectors = [mean(*one) for one in x.values()]
    content = [
        F.linear(one, part.content[name].weight) for name, one in zip(x, vectors, strict=True)
    ]
    gates = F.linear(torch.cat(vectors, 1), part.score.weight).sigmoid()
    gates = gates.unflatten(1, (len(x), -1)) * there(x).unsqueeze(2)
    return vector((gates * torch.stack(content, 1).tanh()).sum(1))


def low_rank(part: nn.Module, x: Given) -> Tensor:
    product: Tensor | float = 1.0
    for name, one in x.items():
        factor = linear(part.factors[name], mean(*one))
        product = factor if isinstance(product, float) else product * factor
    return vector(product.unflatten(1, (part.rank, -1)).sum(1) + part.bias)


def experts(part: nn.Module, x: Given) -> Tensor:
    joined = torch.cat([mean(*one) for one in x.values()], 1)
    gates = linear(part.score, joined).softmax(1)
    hidden = F.gelu(linear(part.first, joined)).unflatten(1, (gates.shape[1], -1))
    weighted = (hidden * gates.unsqueeze(2)).flatten(1)
    return vector(F.linear(weighted, part.second.weight) + gates @ part.second_bias)


def late(part: nn.Module, x: Given) -> Tensor:
    said = [
        two_layers(part.opinion[name][0], part.opinion[name][3], mean(*one))
        for name, one in x.items()
    ]
    present = there(x).unsqueeze(2)
    weights = present / present.sum(1, keepdim=True).clamp(min=1)
    return vector((torch.stack(said, 1) * weights).sum(1))


def marked(part: nn.Module, x: Given) -> list[Tensor]:
    return [values + kind for (values, _), kind in zip(x.values(), part.kind, strict=True)]


def transformer(part: nn.Module, x: Given) -> Tensor:
    batch, count = len(next(iter(x.values()))[1]), len(part.summary)
    first = part.summary.expand(batch, -1, -1)
    masks = [mask for _, mask in x.values()]
    mask = torch.cat([masks[0].new_ones(batch, count), *masks], 1)
    together = clear(torch.cat([first, *marked(part, x)], 1), mask)
    for layer in part.blocks[:-1]:
        together = block(layer, together, mask)
    return norm(part.norm, block(part.blocks[-1], together, mask, count))


def perceiver(part: nn.Module, x: Given) -> Tensor:
    mask = torch.cat([mask for _, mask in x.values()], 1)
    keys = clear(torch.cat(marked(part, x), 1), mask)
    some = mask.any(1, keepdim=True)
    latents = part.latents.expand(len(keys), -1, -1)
    # A row without any key reads nothing: what it would have read is taken back before the output layer.
    layer = part.cross
    asking, seen = norm(layer.norm_queries, latents), norm(layer.norm_keys, keys)
    dim, heads = keys.shape[2], layer.attention.heads
    query = linear(layer.attention.query, asking).unflatten(2, (heads, -1)).transpose(1, 2)
    both = linear(layer.attention.key_value, seen).split(dim, 2)
    key, value = (one.unflatten(2, (heads, -1)).transpose(1, 2) for one in both)
    allowed = (mask | ~some)[:, None, None]
    mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=allowed)
    mixed = mixed.transpose(1, 2).flatten(2) * some.unsqueeze(2)
    latents = latents + linear(layer.attention.out, mixed)
    latents = latents + two_layers(layer.feed[0], layer.feed[2], norm(layer.norm_feed, latents))
    full = mask.new_ones(latents.shape[:2])
    for one in part.blocks:
        latents = block(one, latents, full)
    return norm(part.norm, latents)


# --- sequential -------------------------------------------------------------------------------------


def sequential(part: nn.Module, x: Given) -> Tensor:
    batch = len(next(iter(x.values()))[1])
    state = part.start.expand(batch, -1)
    for name in part.order:
        values, mask = x[name]
        mix = part.steps[name].mix
        moved = two_layers(mix[0], mix[3], torch.cat([state, mean(values, mask)], 1))
        state = torch.where(mask.any(1, keepdim=True), norm(part.norm, state + moved), state)
    return vector(state)


def film(part: nn.Module, x: Given) -> Tensor:
    state = part.start + mean(*x[part.base])
    for name in part.order:
        values, mask = x[name]
        normed = norm(part.affine[name][0], mean(values, mask))
        gamma, beta = linear(part.affine[name][1], normed).chunk(2, 1)
        state = torch.where(mask.any(1, keepdim=True), (1 + gamma) * state + beta, state)
    return vector(norm(part.norm, state))


def cross_attention(part: nn.Module, x: Given) -> Tensor:
    values, mask = x[part.query]
    batch = len(mask)
    asking = torch.cat([part.start.expand(batch, 1, -1), clear(values, mask) + part.start], 1)
    own = torch.cat([~mask.any(1, keepdim=True), mask], 1)
    for place, name in enumerate(part.order):
        values, mask = x[name]
        keys = torch.cat([part.lead[place].expand(batch, 1, -1), clear(values, mask)], 1)
        seen = torch.cat([mask.new_ones(batch, 1), mask], 1)
        moved = cross(part.blocks[name], asking, keys, seen)
        asking = torch.where(mask.any(1)[:, None, None], moved, asking)
    return vector(norm(part.norm, mean(asking, own)))


def recurrent(part: nn.Module, x: Given) -> Tensor:
    batch = len(next(iter(x.values()))[1])
    state = part.start.expand(batch, -1)
    cell = part.cell
    for place, name in enumerate(part.order):
        values, mask = x[name]
        read = mean(values, mask) + part.kind[place]
        moved = torch.gru_cell(
            read, state, cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh
        )
        state = torch.where(mask.any(1, keepdim=True), moved, state)
    return vector(norm(part.norm, state))


# --- hierarchical -----------------------------------------------------------------------------------


def hierarchical(part: nn.Module, x: Given) -> Tensor:
    def joined(tree: str | list, path: str) -> tuple[Tensor, Tensor]:
        if isinstance(tree, str):
            values, mask = x[tree]
            return mean(values, mask), mask.any(1, keepdim=True)
        found = [joined(child, f"{path}/{place}") for place, child in enumerate(tree)]
        mix = part.nodes[path].mix
        fused = two_layers(mix[0], mix[3], torch.cat([one for one, _ in found], 1))
        some = torch.cat([present for _, present in found], 1).any(1, keepdim=True)
        return (fused.masked_fill(~some, 0.0) if path else fused), some

    return vector(joined(part.tree, "")[0])


def progressive(part: nn.Module, x: Given) -> Tensor:
    some = there(x).any(1, keepdim=True)
    fused = concat(part.inner, x)[:, 0]
    for _ in range(part.passes - 1):
        told = linear(part.feedback, norm(part.norm, fused.masked_fill(~some, 0.0)))
        told = told.unflatten(1, (len(x), 1, -1)).unbind(1)
        again = {
            name: (values + one, mask)
            for (name, (values, mask)), one in zip(x.items(), told, strict=True)
        }
        fused = concat(part.inner, again)[:, 0]
    return vector(fused)


def started(part: nn.Module, x: Given) -> dict[str, Pair]:
    """Return the streams; the token that leads one may be seen in all rows, and is cleared at the end."""
    streams = {}
    for name, (values, mask) in x.items():
        lead = part.streams.each[name].summary.expand(len(mask), 1, -1)
        seen = torch.cat([mask.new_ones(len(mask), 1), mask], 1)
        streams[name] = torch.cat([lead, clear(values, mask)], 1), seen
    return streams


def summaries(streams: Mapping[str, Pair], present: Tensor) -> Tensor:
    """Return `[batch, modalities, dim]`, zeros where absent."""
    firsts = torch.stack([values[:, 0] for values, _ in streams.values()], 1)
    return firsts.masked_fill(~present.unsqueeze(2), 0.0)


def blocks_of(part: nn.Module, name: str) -> nn.ModuleList:
    return part.streams.each[name].blocks


def bottleneck(part: nn.Module, x: Given) -> Tensor:
    present, streams = there(x), started(part, x)
    batch, depth, num = len(present), part.streams.depth, len(part.shared)
    shared = part.shared.expand(batch, -1, -1)
    count = present.sum(1).clamp(min=1)[:, None, None]
    for layer in range(depth):
        copies: Tensor | float = 0.0
        for place, (name, (values, mask)) in enumerate(streams.items()):
            seen = mask
            if layer >= part.start:
                values = torch.cat([values, shared], 1)
                seen = torch.cat([mask, mask.new_ones(batch, num)], 1)
            last = layer == depth - 1
            values = block(blocks_of(part, name)[layer], values, seen, 1 if last else None)
            if layer >= part.start and not last:
                own = values[:, -num:].masked_fill(~present[:, place, None, None], 0.0)
                copies, values = copies + own, values[:, :-num]
            streams[name] = values, mask
        if part.start <= layer < depth - 1:
            shared = copies / count
    return vector(norm(part.norm, known_mean(summaries(streams, present), present)))


def central(part: nn.Module, x: Given) -> Tensor:
    present, streams = there(x), started(part, x)
    depth = part.streams.depth
    state = part.start.expand(len(present), -1)
    for layer, feed in enumerate(part.layers):
        queries = 1 if layer == depth - 1 else None
        streams = {
            name: (block(blocks_of(part, name)[layer], values, mask, queries), mask)
            for name, (values, mask) in streams.items()
        }
        alpha = part.alpha[layer]
        heard = summaries(streams, present)
        state = alpha[0] * state + (alpha[1:, None] * heard).sum(1)
        state = state + two_layers(feed[1], feed[3], norm(feed[0], state))
    return vector(norm(part.norm, state))


def mmtm(part: nn.Module, x: Given) -> Tensor:
    present, streams = there(x), started(part, x)
    for layer in range(part.streams.depth):
        moved = {
            name: block(blocks_of(part, name)[layer], values, mask)
            for name, (values, mask) in streams.items()
        }
        means = torch.stack([mean(moved[name], mask) for name, (_, mask) in streams.items()], 1)
        squeezed = means.masked_fill(~present.unsqueeze(2), 0.0).flatten(1)
        excited = linear(part.excite[layer], linear(part.squeeze[layer], squeezed).relu())
        gates = (2 * excited.sigmoid()).unflatten(1, (len(x), 1, -1)).unbind(1)
        streams = {
            name: (moved[name] * gate, mask)
            for (name, (_, mask)), gate in zip(streams.items(), gates, strict=True)
        }
    return vector(norm(part.norm, known_mean(summaries(streams, present), present)))


def mult(part: nn.Module, x: Given) -> Tensor:
    present, streams = there(x), started(part, x)
    places = {name: place for place, name in enumerate(x)}
    joined = {}
    for target, (own, mask) in streams.items():
        seen = []
        for source in [name for name in streams if name != target]:
            crossed = own
            for layer in part.cross[target][source]:
                crossed = cross(layer, crossed, *streams[source])
            seen.append(torch.where(present[:, places[source], None, None], crossed, own))
        joined[target] = linear(part.join[target], torch.cat(seen, 2)), mask
    depth = part.streams.depth
    for layer in range(depth):
        queries = 1 if layer == depth - 1 else None
        joined = {
            name: (block(blocks_of(part, name)[layer], values, mask, queries), mask)
            for name, (values, mask) in joined.items()
        }
    return vector(norm(part.norm, linear(part.mix, summaries(joined, present).flatten(1))))


BY_HAND: dict[str, Callable[[nn.Module, Given], Tensor]] = {
    "bottleneck": bottleneck,
    "central": central,
    "concat": concat,
    "cross_attention": cross_attention,
    "experts": experts,
    "film": film,
    "gated": gated,
    "hierarchical": hierarchical,
    "late": late,
    "low_rank": low_rank,
    "max": largest,
    "mean": average,
    "mmtm": mmtm,
    "mult": mult,
    "perceiver": perceiver,
    "progressive": progressive,
    "recurrent": recurrent,
    "sequential": sequential,
    "sum": total,
    "transformer": transformer,
}
