"""Beam search for the likeliest text; one beam is greedy search."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from torso.core.loops import State, last_state
from torso.tasks.caption.decoder import Decoder, Past

__all__ = ["search", "traced_search"]


class _Texts(NamedTuple):
    """Texts that are followed, `beams` for each row.

    Attributes:
        tokens: int64 `[rows, beams, length]`, -1 behind the end.
        total: log-probability of each text, `[rows, beams]`.
        written: its tokens, the end among them.
        over: the text has ended.
    """

    tokens: Tensor
    total: Tensor
    written: Tensor
    over: Tensor

    @classmethod
    def empty(cls, memory: Tensor, beams: int, length: int) -> _Texts:
        """Return texts without tokens; all are the same, so one may go on."""
        rows = memory.shape[0]
        first = torch.arange(beams, device=memory.device) == 0
        total = memory.new_zeros(rows, beams).masked_fill(~first, -torch.inf)
        tokens = torch.full((rows, beams, length), -1, device=memory.device)
        return cls(tokens, total, torch.zeros_like(total), torch.zeros_like(total).bool())

    def continued(self, chances: Tensor, step: int | Tensor) -> tuple[_Texts, Tensor, Tensor]:
        """Return the best continuations, the texts that they continue, and their tokens, `[rows, beams]` each.

        Args:
            chances: log-probabilities of the next token, `[rows, beams, symbols]`.
            step: place of that token.
        """
        beams, symbols = chances.shape[1:]
        end = symbols - 1
        last = torch.arange(symbols, device=chances.device) == end
        ended = chances.new_zeros(symbols).masked_fill(~last, -torch.inf)
        chances = torch.where(self.over.unsqueeze(2), ended, chances)
        written = self.written + ~self.over
        totals = self.total.unsqueeze(2) + chances
        best = (totals / written.unsqueeze(2)).flatten(1).topk(beams, dim=1).indices
        kept, token = best // symbols, best % symbols
        total = totals.flatten(1).gather(1, best)
        written, over = written.gather(1, kept), self.over.gather(1, kept)
        tokens = self.tokens.gather(1, kept.unsqueeze(2).expand(-1, -1, self.tokens.shape[2]))
        here = torch.arange(tokens.shape[2], device=tokens.device) == step
        added = torch.where(over, -1, token).unsqueeze(2)
        tokens = torch.where(here, added, tokens)
        return _Texts(tokens, total, written, over | (token == end)), kept, token

    def best(self) -> Tensor:
        """Return the number of each row's best text, `[rows, 1, 1]`."""
        return (self.total / self.written).argmax(dim=1)[:, None, None]


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
    beams = min(beams, decoder.end + 1)
    texts = _Texts.empty(memory, beams, length)
    own = _first_texts(memory, beams)
    past = decoder.begin(memory.repeat_interleave(beams, dim=0))
    last = torch.full((len(memory) * beams, 1), decoder.end, device=memory.device)
    for step in range(length):
        hidden, past = decoder(last, past)
        chances = torch.log_softmax(decoder.logits(hidden), dim=-1).view(len(memory), beams, -1)
        texts, kept, token = texts.continued(chances, step)
        if bool(texts.over.all()):
            break
        past = past.follow((own + kept).flatten()) if beams > 1 else past
        last = token.view(-1, 1)
    return texts.tokens.gather(1, texts.best().expand(-1, 1, length)).squeeze(1)


def traced_search(
    decoder: Decoder, memory: Tensor, length: int, beams: int, scale: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the tokens of `search`, and the log-probability of each, 0 behind the end, both `[rows, length]`.

    It is a loop of a graph: it goes on to the last step, and has room for all keys and values from the first.

    Args:
        decoder: in evaluation mode.
        memory: `[rows, memory, dim]`, what is said about the rows.
        length: tokens at most.
        beams: texts that are followed for each row; 1 is greedy.
        scale: factor of the logits in the log-probabilities, which the search leaves aside.
    """
    beams = min(beams, decoder.end + 1)
    rows, own = memory.shape[0], _first_texts(memory, beams)
    past = decoder.begin(memory.unsqueeze(1).expand(-1, beams, -1, -1).flatten(0, 1))
    texts = _Texts.empty(memory, beams, length)
    last = memory.new_full((rows * beams, 1), decoder.end, dtype=torch.int64)
    room = decoder.room(past, length)
    # no two tensors that a loop reads may share memory
    about = [(key.clone(), value.clone()) for key, value in past.memory]
    parts = len(texts)

    def step(state: State, each: State) -> State:
        texts, (said, last) = _Texts(*state[:parts]), state[parts : parts + 2]
        flat = state[parts + 2 :]
        before = Past(about, [*zip(flat[::2], flat[1::2], strict=True)])
        hidden, after = decoder(last, before, each[0])
        logits = decoder.logits(hidden).view(rows, beams, -1)
        going = ~texts.over
        texts, kept, token = texts.continued(torch.log_softmax(logits, dim=-1), each[0])
        whole = torch.log_softmax(scale * logits, dim=-1).flatten(1)
        own_said = whole.gather(1, kept * (decoder.end + 1) + token) * going.gather(1, kept)
        said = said.gather(1, kept.unsqueeze(2).expand(-1, -1, length))
        here = torch.arange(length, device=memory.device) == each[0]
        said = torch.where(here, own_said.unsqueeze(2), said)
        if beams > 1:
            after = after.follow((own + kept).flatten())
        assert after.tokens is not None
        pairs = [part for pair in after.tokens for part in pair]
        return (*texts, said, token.reshape(-1, 1), *pairs)

    said = torch.zeros_like(texts.tokens, dtype=memory.dtype)
    steps = torch.arange(length, device=memory.device)
    final = last_state(step, (*texts, said, last, *room), [steps])
    best = _Texts(*final[:parts]).best().expand(-1, 1, length)
    return final[0].gather(1, best).squeeze(1), final[parts].gather(1, best).squeeze(1)


def _first_texts(memory: Tensor, beams: int) -> Tensor:
    """Return the number of each row's first text, `[rows, 1]`."""
    return beams * torch.arange(memory.shape[0], device=memory.device).unsqueeze(1)
