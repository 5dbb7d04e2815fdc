"""A tag for every step of a text or time series: a token and the body's vector in, a class out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import rnn

from torso.core.loops import being_traced
from torso.core.ranges import Limits, Range
from torso.core.types import Tokens
from torso.tasks._base.temperature import LogitHead
from torso.tasks.tags.chain import Chain
from torso.tasks.tags.steps import Steps, read_steps
from torso.tasks.tags.unpacked import unpacked

__all__ = ["TagTokens"]

_ENOUGH = 2**15
"""Steps that set one factor of the logits."""


class TagTokens(LogitHead, form="tags", name="tokens"):
    """Categorical likelihood of each step's class, or with `chain` of the whole sequence; per step of a row.

    A recurrent layer reads the tokens of the input's encoder in both directions, the body's vector is added at every
    step, so that all other inputs have a say, and a layer gives the classes: with `chain` the BiLSTM-CRF of Huang, Xu
    and Yu, 2015 (https://arxiv.org/abs/1508.01991). Differences: gated recurrent units; tokens of any encoder instead
    of word embeddings; no score for the end. The likelihood of a sequence of which only some steps are known is that
    of these, the others summed over. A row without the input is answered from its other inputs, alike at every step.

    Classes are nothing and the tags; where spans of one tag touch each other in the training rows, each tag has a class
    for its first step and one for the others (the scheme BIO).

    Args:
        token_dim: width of the tokens.
        of: name of the input.
        steps: that a row has at most.
        tags: number of tags.
        touching: whether the first step of a span has a class of its own.
        chain: whether classes of neighbouring steps are scored too.
        width: channels of each direction; 0 leaves the recurrent layer out.
        hidden: width of a hidden layer above the vector; 0 for none.
        dropout: on the vector and the steps, in training.
    """

    law_settings = ({"chain": True},)
    reads_tokens = True

    def __init__(
        self,
        dim: int,
        token_dim: int,
        of: str,
        steps: int,
        tags: int,
        touching: bool = False,
        *,
        chain: bool = False,
        width: Annotated[int, Range(16, 256, log=True), Limits(0, 8192)] = 64,
        hidden: Annotated[int, Range(0, 256)] = 0,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.0,
    ) -> None:
        read = 2 * width or token_dim
        super().__init__(dim, read, hidden=hidden, dropout=dropout)
        self.of = of
        self.steps = steps
        self.touching = touching
        self.classes = 1 + tags * (2 if touching else 1)
        self.around = (
            nn.GRU(token_dim, width, batch_first=True, bidirectional=True) if width else None
        )
        self.inward = nn.Linear(token_dim, read)
        self.dropout = nn.Dropout(dropout)
        self.outward = nn.Linear(read, self.classes)
        self.chain = Chain(self.classes) if chain else None

    def forward(self, features: Tensor, tokens: Mapping[str, Tokens] | None = None, /) -> Tensor:
        """Return `[batch, steps, classes + 1]`: logits, and 1 where the row has the step or else 0."""
        read = read_steps(self.of, self.steps, tokens)
        if being_traced():  # no shape depends on the rows
            read = read.padded(self.steps)
        vector = self.layers(features).unsqueeze(1)
        alone = self._logits(vector).expand(-1, self.steps, -1)
        there = functional.pad(read.there, (0, self.steps - read.values.shape[1]))
        seen = self._logits(self.inward(read.values) + self._around(read) + vector)
        seen = functional.pad(seen, (0, 0, 0, self.steps - seen.shape[1]))
        logits = torch.where(there.unsqueeze(2), seen.to(alone), alone)
        return torch.cat([logits, there.unsqueeze(2).to(logits)], dim=2)

    def _logits(self, steps: Tensor) -> Tensor:
        logits: Tensor = self.outward(self.dropout(functional.gelu(steps)))
        return logits

    def _around(self, steps: Steps) -> Tensor | float:
        """Return each step's context, `[batch, length, 2 * width]`."""
        if self.around is None or steps.values.shape[0] == 0:
            return 0.0
        if being_traced():
            return unpacked(self.around, steps)
        lengths = steps.lengths.clamp(min=1).cpu()
        packed = rnn.pack_padded_sequence(
            steps.values, lengths, batch_first=True, enforce_sorted=False
        )
        read, _ = rnn.pad_packed_sequence(
            self.around(packed)[0], batch_first=True, total_length=steps.values.shape[1]
        )
        return read

    def labelled(self, targets: Tensor, /) -> Tensor:
        """Return bool `[batch]`: the rows with a step whose class is known to this head."""
        return self._known(self._class_of(targets)).any(dim=1)

    def _class_of(self, codes: Tensor) -> Tensor:
        return codes if self.touching else torch.where(codes < 0, codes, (codes + 1) // 2)

    def _known(self, classes: Tensor) -> Tensor:
        return (classes >= 0) & (classes < self.classes)

    def nll(self, outputs: Tensor, targets: Tensor, /) -> Tensor:
        """Return minus the log-likelihood of each row per known step, of codes `[batch, steps]` (`torso.tasks.tags.codes`)."""
        classes = self._class_of(targets)
        known = self._known(classes)
        truth = torch.where(known, classes, 0)
        if self.chain is None:
            each = functional.cross_entropy(
                self.scale * outputs[..., :-1].transpose(1, 2), truth, reduction="none"
            )
            total = torch.where(known, each, 0.0).sum(dim=1)
        else:
            total = self._of_sequences(self.chain, outputs, known, truth)
        return total / known.sum(dim=1).clamp(min=1)

    def _of_sequences(self, chain: Chain, outputs: Tensor, known: Tensor, truth: Tensor) -> Tensor:
        logits, lengths = self._extent(outputs, known)
        known, truth = known[:, : logits.shape[1]], truth[:, : logits.shape[1]]
        others = functional.one_hot(truth, self.classes) == 0
        held = logits.masked_fill(others & known.unsqueeze(2), -torch.inf)
        every, those = (
            chain.log_partition(scores, lengths, self.scale) for scores in (logits, held)
        )
        return every - those

    def _extent(self, outputs: Tensor, known: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return logits as far as any row has steps, and how many each row has: at least 1.

        A row without the input has as many as its labels say, or all.
        """
        lengths = (outputs[..., -1] > 0).sum(dim=1)
        places = torch.arange(1, self.steps + 1, device=outputs.device)
        otherwise = self.steps if known is None else (places * known).amax(dim=1)
        lengths = torch.where(lengths > 0, lengths, otherwise).clamp(min=1)
        if being_traced():
            return outputs[..., :-1], lengths
        longest = int(lengths.max()) if len(lengths) else 1
        return outputs[:, :longest, :-1], lengths

    @torch.no_grad()
    def calibrate(self, outputs: Tensor, targets: Tensor, /) -> None:
        """Set the factor of the logits as every head with logits does, by as many rows as hold enough steps."""
        rows = self.labelled(targets).nonzero().squeeze(1)
        steps = int((targets >= 0).sum())
        every = max(1, steps // _ENOUGH)
        super().calibrate(outputs[rows[::every]], targets[rows[::every]])

    def predict(self, outputs: Tensor, /) -> Tensor:
        """Return the codes of the likeliest class of each step, or of the likeliest sequence, int64 `[batch, steps]`."""
        return self.answer(outputs)[0]

    def details(self, outputs: Tensor, /) -> dict[str, Tensor]:
        """Return the `probability` of each step's class, whatever the others are, `[batch, steps]`."""
        return self.answer(outputs)[1]

    def answer(self, outputs: Tensor, /) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the codes and their probabilities from one search."""
        if self.chain is None:
            probability = torch.softmax(self.scale * outputs[..., :-1], dim=2)
            chosen = outputs[..., :-1].argmax(dim=2)
        else:
            chosen, probability = self._along(self.chain, outputs)
        of_chosen = probability.gather(2, chosen.unsqueeze(2)).squeeze(2)
        return self._codes(chosen), {"probability": of_chosen}

    def _along(self, chain: Chain, outputs: Tensor) -> tuple[Tensor, Tensor]:
        """Return the likeliest sequences, "nothing" behind their ends, and the probability of each class."""
        logits, lengths = self._extent(outputs)
        lacking = self.steps - logits.shape[1]
        path = functional.pad(chain.best_path(logits, lengths), (0, lacking))
        probability = functional.pad(
            chain.marginals(logits, lengths, self.scale), (0, 0, 0, lacking)
        )
        inside = torch.arange(self.steps, device=outputs.device) < lengths.unsqueeze(1)
        return path * inside, torch.where(inside.unsqueeze(2), probability, 1 / self.classes)

    def _codes(self, classes: Tensor) -> Tensor:
        if self.touching:
            return classes
        before = functional.pad(classes, (1, 0))[:, :-1]
        return torch.where(classes == 0, 0, 2 * classes - (classes != before).long())

    def log_loss(self, outputs: Tensor, targets: Tensor, /) -> Tensor:
        """Return minus the log-likelihood of each row per step, in nats, `[batch]`."""
        return self.nll(outputs, targets)
