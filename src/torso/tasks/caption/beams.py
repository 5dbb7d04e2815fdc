"""Beam search for the likeliest text; one beam is greedy search."""

from __future__ import annotations

import torch
from torch import Tensor

from torso.tasks.caption.decoder import Decoder

__all__ = ["search"]


@torch.no_grad()
def search(decoder: Decoder, memory: Tensor, length: int, beams: int) -> Tensor:
    """Return the best tokens found for every row, int64 `[rows, length]`: up to the end, if it comes, then -1.

    At every step the `beams` best continuations of a row's texts are kept, and of those in the end the best. A text is
    judged by the mean log-probability of its tokens, the end among them, or longer ones would always lose
    (Cho, van Merriënboer, Bahdanau and Bengio, SSST-8 2014, https://arxiv.org/abs/1409.1259, section 4.2). A text that
    is over stays in the race as it is.

    Args:
        decoder: in evaluation mode.
        memory: `[rows, memory, dim]`, what is said about the rows.
        length: tokens at most.
        beams: texts that are followed for each row; 1 is greedy.
    """
    rows, end = len(memory), decoder.end
    beams = min(beams, end + 1)
    tokens = torch.full((rows, beams, length), -1, device=memory.device)
    total = memory.new_zeros(rows, beams)
    total[:, 1:] = -torch.inf  # in the beginning all are the same, so one may go on
    count = torch.zeros_like(total)
    over = torch.zeros_like(total, dtype=torch.bool)
    own = beams * torch.arange(rows, device=memory.device).unsqueeze(1)  # first of each row's texts
    past = decoder.begin(memory.repeat_interleave(beams, dim=0))
    last = torch.full((rows * beams, 1), end, device=memory.device)
    for step in range(length):
        hidden, past = decoder(last, past)
        chances = torch.log_softmax(decoder.logits(hidden), dim=-1).view(rows, beams, -1)
        chances = chances.masked_fill(over.unsqueeze(2), -torch.inf)
        chances[..., end].masked_fill_(over, 0.0)
        count = count + ~over
        totals = total.unsqueeze(2) + chances  # [rows, beams, symbols]
        best = (totals / count.unsqueeze(2)).flatten(1).topk(beams, dim=1).indices
        kept, token = best // (end + 1), best % (end + 1)
        total = totals.flatten(1).gather(1, best)
        count, over = count.gather(1, kept), over.gather(1, kept)
        tokens = tokens.gather(1, kept.unsqueeze(2).expand_as(tokens))
        tokens[:, :, step] = torch.where(over, -1, token)
        over = over | (token == end)
        if bool(over.all()):
            break
        past = past.follow((own + kept).flatten()) if beams > 1 else past
        last = token.view(-1, 1)
    first = (total / count).argmax(dim=1)
    return tokens[torch.arange(rows, device=memory.device), first]
