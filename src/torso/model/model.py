"""The model as one module: encoders -> fusion -> sharing -> heads.

A trunk is the encoders and the fusion below the sharing. The sharing says how many trunks there are and which
tasks each serves, so one shared body, one body per task, or one per group are the same model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Self

import torch
from torch import Tensor, nn

from torso.core.spec import Spec, SpecLike
from torso.core.tensors import Named, masked_mean
from torso.core.types import Features, Tokens
from torso.encoders import ModalityDropout
from torso.model.build import PartSpec, build_heads, build_modality_heads, build_trunk
from torso.model.modality_heads import ModalityHeads, loss_and_count
from torso.model.trunk import Encoded, Missing, Trunk
from torso.sharing import Sharing
from torso.tasks import Head

__all__ = ["Model"]


class Model(nn.Module):
    """Rows in, one output per task out.

    Args:
        trunks: trunk name -> trunk, for every name in `sharing.trunks()`.
        sharing: turns fused tokens into one vector per task.
        heads: task -> head.
        modality_dropout: share of a row's modalities hidden in training.
        modality_heads: heads above single modalities; None for none.
        restored: task -> the modality that holds its labels. In evaluation, such a task is answered with that
            modality hidden, from all others.

    Attributes:
        still: modules that stay in evaluation mode in training, for their weights are frozen.
    """

    still: Sequence[nn.Module] = ()

    def __init__(
        self,
        trunks: Mapping[str, Trunk],
        sharing: Sharing,
        heads: Mapping[str, Head],
        modality_dropout: float = 0.0,
        modality_heads: ModalityHeads | None = None,
        restored: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__()
        self.trunks: Named[Trunk] = Named(trunks)
        self.sharing = sharing
        self.heads: Named[Head] = Named(heads)
        self.dropout = ModalityDropout(modality_dropout)
        self.modality_heads = modality_heads
        self.restored = dict(restored or {})

    @classmethod
    def build(
        cls,
        modalities: Mapping[str, PartSpec],
        tasks: Mapping[str, PartSpec],
        *,
        dim: int,
        fusion: Spec | SpecLike = "concat",
        sharing: Spec | SpecLike = "hard",
        modality_dropout: float = 0.0,
        missing: Missing = "token",
        modality_heads: bool = False,
        restored: Mapping[str, str] | None = None,
    ) -> Model:
        """Return a model whose parts are built by name.

        Args:
            modalities: modality -> its encoder.
            tasks: task -> its head.
            dim: token width.
            fusion: spec of the fusion.
            sharing: spec of the sharing.
            modality_dropout: share of a row's modalities hidden in training.
            missing: placeholder for a modality that a row lacks: a learned `token`, or none (`skip`).
            modality_heads: give every task a head above each modality too; heads that read tokens have none.
            restored: task -> the modality that holds its labels, for tasks that are answered without it.
        """
        shared = Sharing.registry.build(sharing, tasks=list(tasks), dim=dim)
        trunks = {name: build_trunk(modalities, fusion, dim, missing) for name in shared.trunks()}
        shared.start(trunks)
        heads = build_heads(tasks, shared.width, dim)
        unimodal = build_modality_heads(modalities, tasks, dim) if modality_heads else None
        return cls(trunks, shared, heads, modality_dropout, unimodal, restored)

    @property
    def tasks(self) -> list[str]:
        """Names of the tasks, in the order of the losses."""
        return list(self.heads.names())

    @property
    def loss_names(self) -> list[str]:
        """Names of all losses in training: the tasks, then those of single modalities."""
        return [*self.tasks, *self.unimodal]

    @property
    def unimodal(self) -> dict[str, tuple[str, str]]:
        """Name of a loss of one modality -> its task and its modality; empty without modality heads."""
        return {} if self.modality_heads is None else self.modality_heads.names

    def train(self, mode: bool = True) -> Self:
        """Set the mode of all modules but those that stand still."""
        super().train(mode)
        for module in self.still:
            module.eval()
        return self

    def forward(self, inputs: Mapping[str, Features]) -> dict[str, Tensor]:
        """Return task -> its head's raw outputs.

        In evaluation, a row with one modality is answered by that modality's heads, if there are any. A task that
        restores a modality is answered without it.
        """
        return self.outputs(self.encode(inputs))

    def outputs(self, encoded: Encoded) -> dict[str, Tensor]:
        """Return the result of `forward` from that of `encode`."""
        outputs = self._outputs(encoded)
        for modality in {} if self.training else dict.fromkeys(self.restored.values()):
            without = self._outputs(self._hidden(modality, encoded))
            outputs |= {
                task: without[task] for task, held in self.restored.items() if held == modality
            }
        return outputs

    def _hidden(self, modality: str, encoded: Encoded) -> Encoded:
        """Return the same as if no row had the modality."""
        tokens = {
            name: trunk.hidden(modality, encoded.tokens[name])
            for name, trunk in self.trunks.pairs()
        }
        nowhere = torch.zeros_like(encoded.present[modality])
        return Encoded(tokens, {**encoded.present, modality: nowhere})

    def _outputs(self, encoded: Encoded) -> dict[str, Tensor]:
        outputs = self.apply_heads(self.fuse(encoded), encoded)
        if self.modality_heads is None or self.training:
            return outputs
        unimodal = self.unimodal_outputs(encoded)
        return self.modality_heads.fall_back(outputs, unimodal, encoded.present)

    def encode(self, inputs: Mapping[str, Features]) -> Encoded:
        """Return the encoders' tokens of a batch: the first step of `forward`."""
        inputs = self.dropout(inputs)
        tokens = {name: trunk.encode(inputs) for name, trunk in self.trunks.pairs()}
        return Encoded(tokens, {name: features.present for name, features in inputs.items()})

    def fuse(self, encoded: Encoded) -> dict[str, Tokens]:
        """Return trunk name -> its fused tokens: the second step."""
        return {name: trunk.fusion(encoded.tokens[name]) for name, trunk in self.trunks.pairs()}

    def apply_heads(self, fused: Mapping[str, Tokens], encoded: Encoded) -> dict[str, Tensor]:
        """Return task -> its head's raw outputs, from the results of `fuse` and `encode`: the last step."""
        vectors = self.sharing(fused)
        return {
            task: head(self._of_rows(vectors[task], encoded), self.task_tokens(task, encoded))
            if head.reads_tokens
            else head(vectors[task])
            for task, head in self.heads.pairs()
        }

    def _of_rows(self, vectors: Tensor, encoded: Encoded) -> Tensor:
        """Return `[batch, width]`: vectors of several members of a row, which training sees, are averaged."""
        if not self.training:
            return vectors
        rows = len(next(iter(encoded.present.values())))
        return vectors.reshape(rows, -1, vectors.shape[1]).mean(dim=1)

    def task_tokens(self, task: str, encoded: Encoded) -> dict[str, Tokens]:
        """Return modality -> the tokens that the task's head may read, without placeholders."""
        return encoded.without_placeholders(self.trunk_of(task))

    def trunk_of(self, task: str) -> str:
        """Return the name of the first trunk that serves the task. Its head reads this trunk's tokens."""
        return next(name for name, tasks in self.sharing.trunks().items() if task in tasks)

    def unimodal_outputs(self, encoded: Encoded) -> dict[str, Tensor]:
        """Return name of a loss of one modality -> raw outputs of its head; empty without modality heads.

        A head reads the mean of its modality's tokens, averaged over the trunks that its task reads.
        """
        if self.modality_heads is None:
            return {}
        means = {
            name: {modality: masked_mean(tokens) for modality, tokens in by_modality.items()}
            for name, by_modality in encoded.tokens.items()
        }
        read = {
            task: [means[name] for name, tasks in self.sharing.trunks().items() if task in tasks]
            for task in self.tasks
        }
        vectors = {
            modality: {
                task: torch.stack([trunk[modality] for trunk in trunks]).mean(dim=0)
                for task, trunks in read.items()
            }
            for modality in self.modality_heads.each.names()
        }
        outputs: dict[str, Tensor] = self.modality_heads(vectors)
        return outputs

    def stepwise_outputs(self, inputs: Mapping[str, Features]) -> dict[str, dict[str, Tensor]]:
        """Return modality -> task -> raw outputs after the fusion's step of that modality.

        The heads are those that read the last state.

        Raises:
            ConfigError: the fusion does not step through the modalities.
        """
        encoded = self.encode(inputs)
        walks = {
            name: trunk.fusion.walk(encoded.tokens[name]) for name, trunk in self.trunks.pairs()
        }
        order = next(iter(walks.values()))
        return {
            modality: self.apply_heads(
                {name: walk[modality] for name, walk in walks.items()}, encoded
            )
            for modality in order
        }

    def losses(
        self,
        outputs: Mapping[str, Tensor],
        targets: Mapping[str, Tensor],
        present: Mapping[str, Tensor] | None = None,
        weights: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Return the mean loss `[losses]` and the number of labelled rows, int64 `[losses]`, or their weights' sum.

        The tasks come first; with `present` the losses of single modalities follow (`unimodal`). In training,
        the sharing's penalties are part of the tasks' losses.

        Args:
            outputs: the result of `apply_heads`, with `present` also that of `unimodal_outputs`.
            targets: task -> targets.
            present: modality -> bool `[batch]`; a modality's loss counts only the rows that have it.
            weights: `[batch]`, how much each row counts; None: all alike. Held-out losses are without them.
        """
        pairs = []
        penalties = self.sharing.penalties(dict(self.trunks.pairs())) if self.training else {}
        for task, head in self.heads.pairs():
            loss, count = loss_and_count(head, outputs[task], targets[task], weights)
            if task in penalties:
                loss = loss + penalties[task].to(loss.dtype)
            pairs.append((loss, count))
        if self.modality_heads is not None and present is not None:
            pairs += self.modality_heads.losses(outputs, targets, present, weights)
        losses, counts = zip(*pairs, strict=True)
        return torch.stack(losses), torch.stack(counts)

    def representation(self, encoded: Encoded, fused: Mapping[str, Tokens]) -> list[Tensor]:
        """Return the values of the tokens that more than one loss reads: fused, or encoded with modality heads."""
        if self.modality_heads is not None:
            return [t.values for tokens in encoded.tokens.values() for t in tokens.values()]
        values: list[Tensor] = []
        for name, tasks in self.sharing.trunks().items():
            if len(tasks) > 1:
                reads_encoded = any(self.heads[task].reads_tokens for task in tasks)
                read = encoded.tokens[name].values() if reads_encoded else [fused[name]]
                values += [tokens.values for tokens in read]
        return values

    def own_rates(self) -> Iterator[tuple[nn.Parameter, float]]:
        """Yield the parameters of encoders with a learning rate of their own, and that rate."""
        for _, trunk in self.trunks.pairs():
            for _, encoder in trunk.encoders.pairs():
                if (rate := encoder.lr) is not None:
                    yield from ((parameter, rate) for parameter in encoder.own_rate_parameters())

    def encoder_parameters(self) -> dict[str, list[nn.Parameter]]:
        """Return modality -> the parameters of its encoders, of all trunks."""
        parameters: dict[str, list[nn.Parameter]] = {}
        for _, trunk in self.trunks.pairs():
            for name, parts in trunk.modality_parts():
                parameters.setdefault(name, []).extend(parts.parameters())
        return parameters

    def shared_parameters(self) -> Iterator[nn.Parameter]:
        """Yield the parameters that more than one loss uses."""
        for name, tasks in self.sharing.trunks().items():
            if len(tasks) > 1:
                yield from self.trunks[name].parameters()
            elif self.modality_heads is not None:
                for _, parts in self.trunks[name].modality_parts():
                    yield from parts.parameters()
        yield from self.sharing.shared_parameters()
