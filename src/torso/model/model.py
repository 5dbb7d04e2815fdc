"""The one idea as one module: encoders -> fusion -> sharing -> heads.

A trunk is the encoders and the fusion below the sharing; the sharing says how many trunks there are and
which tasks each serves, so one shared body, one body per task, or one per group are the same model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from torso.core.errors import ConfigError, within
from torso.core.registry import Spec
from torso.core.tensors import Named, masked_mean
from torso.core.types import Features, Tokens
from torso.encoders import Encoder, ModalityDropout
from torso.fusion import Fusion, Sequential
from torso.model.modality_heads import ModalityHeads
from torso.model.trunk import Encoded, Missing, Trunk
from torso.sharing import Sharing
from torso.tasks.heads import Head

__all__ = ["Model", "Part"]


@dataclass(frozen=True)
class Part:
    """An encoder or a head still to be built.

    Attributes:
        form: the form of features that an encoder reads, or the kind of target that a head answers.
        spec: name, or mapping with `type` and settings.
        offered: what the data know and a constructor may ask for: widths, vocabularies, statistics.
    """

    form: str
    spec: Spec
    offered: Mapping[str, Any]

    def full_spec(self) -> Spec:
        """Return the spec with its name made full: `convnet` of form `image` is `image/convnet`."""
        if isinstance(self.spec, str):
            return self._full(self.spec)
        return {**self.spec, "type": self._full(str(self.spec.get("type", "")))}

    def _full(self, name: str) -> str:
        return name if ":" in name or "/" in name else f"{self.form}/{name}"


class Model(nn.Module):
    """Rows in, one output per task out.

    Args:
        trunks: trunk name -> trunk, for every name in `sharing.trunks()`.
        sharing: turns fused tokens into one vector per task.
        heads: task -> head.
        modality_dropout: share of a row's modalities hidden in training.
        modality_heads: heads above single modalities; None for none.
        restored: task -> the modality that holds its labels. In evaluation, such a task is answered with that modality
            hidden, from all others.
    """

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
        modalities: Mapping[str, Part],
        tasks: Mapping[str, Part],
        *,
        dim: int,
        fusion: Spec = "concat",
        sharing: Spec = "hard",
        modality_dropout: float = 0.0,
        missing: Missing = "token",
        modality_heads: bool = False,
        restored: Mapping[str, str] | None = None,
    ) -> Model:
        """Return a model whose parts are built by name.

        Args:
            modalities: modality -> its encoder's part.
            tasks: task -> its head's part.
            dim: token width.
            fusion: spec of the fusion.
            sharing: spec of the sharing.
            modality_dropout: share of a row's modalities hidden in training.
            missing: what stands for a modality that a row lacks: a learned `token`, or nothing (`skip`).
            modality_heads: whether every task has a head above each modality too; heads that read tokens have none.
            restored: task -> the modality that holds its labels, for tasks that are answered without it.
        """

        def encoder(modality: str, part: Part) -> Encoder:
            with within(f"encoders.{modality}"):
                return Encoder.build(part.full_spec(), dim=dim, **part.offered)

        def head(task: str, part: Part, width: int) -> Head:
            with within(f"heads.{task}"):
                return Head.registry.build(
                    part.full_spec(), dim=width, token_dim=dim, **part.offered
                )

        shared = Sharing.registry.build(sharing, tasks=list(tasks), dim=dim)
        trunks = {
            name: Trunk(
                {modality: encoder(modality, part) for modality, part in modalities.items()},
                Fusion.registry.build(fusion, modalities=list(modalities), dim=dim),
                missing,
            )
            for name in shared.trunks()
        }
        shared.start(trunks)

        def heads(width: int) -> dict[str, Head]:
            return {task: head(task, part, width) for task, part in tasks.items()}

        main = heads(shared.width)
        alone = None
        if modality_heads:
            whole = {task for task, head in main.items() if not head.reads_tokens}
            alone = ModalityHeads(
                {
                    name: {task: head for task, head in heads(dim).items() if task in whole}
                    for name in modalities
                }
            )
        return cls(trunks, shared, main, modality_dropout, alone, restored)

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

    def forward(self, inputs: Mapping[str, Features]) -> dict[str, Tensor]:
        """Return task -> its head's raw outputs.

        In evaluation, a row that has one modality only is answered by that modality's heads, if there are any, and a
        task that restores a modality is answered without it.
        """
        return self.conclude(self.encode(inputs))

    def conclude(self, encoded: Encoded) -> dict[str, Tensor]:
        """Return what `forward` returns, from what `encode` returned."""
        outputs = self._answers(encoded)
        for modality in {} if self.training else dict.fromkeys(self.restored.values()):
            without = self._answers(self._without(encoded, modality))
            outputs |= {
                task: without[task] for task, one in self.restored.items() if one == modality
            }
        return outputs

    def _without(self, encoded: Encoded, modality: str) -> Encoded:
        """Return the same as if no row had the modality."""
        tokens = {
            name: {
                **encoded.tokens[name],
                modality: trunk.filled(modality, _masked(encoded.tokens[name][modality])),
            }
            for name, trunk in self.trunks.pairs()
        }
        nobody = torch.zeros_like(encoded.present[modality])
        return Encoded(tokens, {**encoded.present, modality: nobody})

    def _answers(self, encoded: Encoded) -> dict[str, Tensor]:
        outputs = self.decide(self.fuse(encoded), encoded)
        if self.modality_heads is None or self.training:
            return outputs
        return self.modality_heads.fall_back(outputs, self.alone(encoded), encoded.present)

    def encode(self, inputs: Mapping[str, Features]) -> Encoded:
        """Return what the encoders make of a batch: the first step of `forward`."""
        inputs = self.dropout(inputs)
        tokens = {name: trunk.encode(inputs) for name, trunk in self.trunks.pairs()}
        return Encoded(tokens, {name: one.present for name, one in inputs.items()})

    def fuse(self, encoded: Encoded) -> dict[str, Tokens]:
        """Return trunk name -> its fused tokens: the second step."""
        return {name: trunk.fusion(encoded.tokens[name]) for name, trunk in self.trunks.pairs()}

    def decide(self, fused: Mapping[str, Tokens], encoded: Encoded) -> dict[str, Tensor]:
        """Return task -> its head's raw outputs, from what `fuse` and `encode` returned: the last step."""
        vectors = self.sharing(fused)
        return {
            task: head(vectors[task], self.tokens_of(task, encoded))
            if head.reads_tokens
            else head(vectors[task])
            for task, head in self.heads.pairs()
        }

    def tokens_of(self, task: str, encoded: Encoded) -> dict[str, Tokens]:
        """Return modality -> tokens of the first trunk that serves the task, without those that stand for gaps."""
        return encoded.really(self.trunk_of(task))

    def trunk_of(self, task: str) -> str:
        """Return the name of the first trunk that serves the task, of whose tokens its head reads."""
        return next(name for name, tasks in self.sharing.trunks().items() if task in tasks)

    def alone(self, encoded: Encoded) -> dict[str, Tensor]:
        """Return name of a loss of one modality -> raw outputs of its head; empty without modality heads.

        A head reads the mean of its modality's tokens, and of that over the trunks that its task reads.
        """
        if self.modality_heads is None:
            return {}
        means = {
            name: {modality: masked_mean(one) for modality, one in tokens.items()}
            for name, tokens in encoded.tokens.items()
        }
        read = {
            task: [means[name] for name, tasks in self.sharing.trunks().items() if task in tasks]
            for task in self.tasks
        }
        vectors = {
            modality: {
                task: torch.stack([one[modality] for one in many]).mean(dim=0)
                for task, many in read.items()
            }
            for modality in self.modality_heads.each.names()
        }
        outputs: dict[str, Tensor] = self.modality_heads(vectors)
        return outputs

    def after_each(self, inputs: Mapping[str, Features]) -> dict[str, dict[str, Tensor]]:
        """Return modality -> task -> raw outputs once the fusion has walked up to that modality, and no further.

        The heads are those that read the last state.

        Raises:
            ConfigError: the fusion is not `sequential`.
        """
        encoded = self.encode(inputs)
        walks: dict[str, dict[str, Tokens]] = {}
        for name, trunk in self.trunks.pairs():
            if not isinstance(trunk.fusion, Sequential):
                raise ConfigError(
                    "Heads can be read after each modality where the fusion is `sequential`. "
                    f"Found {type(trunk.fusion).__name__}."
                )
            walks[name] = trunk.fusion.walk(encoded.tokens[name])
        order = next(iter(walks.values()))
        return {
            one: self.decide({name: walk[one] for name, walk in walks.items()}, encoded)
            for one in order
        }

    def losses(
        self,
        outputs: Mapping[str, Tensor],
        targets: Mapping[str, Tensor],
        present: Mapping[str, Tensor] | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Return the mean loss `[losses]` and the number of labelled rows, int64 `[losses]`.

        Those of the tasks, then, if `present` is given, those of single modalities (`unimodal`). In training,
        the sharing's penalties are part of the tasks' losses.

        Args:
            outputs: what `decide` returned, and `alone` if `present` is given.
            targets: task -> targets.
            present: modality -> bool `[batch]`: a modality's loss counts only the rows that have it.
        """
        losses, counts = [], []
        penalties = self.sharing.penalties(dict(self.trunks.pairs())) if self.training else {}
        for task, head in self.heads.pairs():
            wide = torch.promote_types(outputs[task].dtype, torch.float32)
            loss = head.loss(outputs[task].to(wide), targets[task])
            losses.append(loss + penalties[task].to(loss.dtype) if task in penalties else loss)
            counts.append(head.labelled(targets[task]).sum())
        for name, (task, modality) in self.unimodal.items() if present is not None else ():
            assert present is not None
            assert self.modality_heads is not None
            head, rows = self.modality_heads.head(name), present[modality]
            wide = torch.promote_types(outputs[name].dtype, torch.float32)
            losses.append(head.loss(outputs[name][rows].to(wide), targets[task][rows]))
            counts.append(head.labelled(targets[task][rows]).sum())
        return torch.stack(losses), torch.stack(counts)

    def representation(self, encoded: Encoded, fused: Mapping[str, Tokens]) -> list[Tensor]:
        """Return the values of the tokens that more than one loss reads: fused, or encoded with modality heads."""
        if self.modality_heads is not None:
            return [one.values for tokens in encoded.tokens.values() for one in tokens.values()]
        shared = {n: tasks for n, tasks in self.sharing.trunks().items() if len(tasks) > 1}
        return [
            one.values
            for name, tasks in shared.items()
            for one in (
                encoded.tokens[name].values()
                if any(self.heads[task].reads_tokens for task in tasks)
                else [fused[name]]
            )
        ]

    def own_rates(self) -> Iterator[tuple[nn.Parameter, float]]:
        """Yield the parameters of encoders with a learning rate of their own, and that rate."""
        for _, trunk in self.trunks.pairs():
            for _, encoder in trunk.encoders.pairs():
                if encoder.lr is not None:
                    yield from ((one, encoder.lr) for one in encoder.own_rate_parameters())

    def encoder_parameters(self) -> dict[str, list[nn.Parameter]]:
        """Return modality -> the parameters of its encoders, of all trunks."""
        found: dict[str, list[nn.Parameter]] = {}
        for _, trunk in self.trunks.pairs():
            for name, encoder in trunk.encoders.pairs():
                found.setdefault(name, []).extend(encoder.parameters())
        return found

    def shared_parameters(self) -> Iterator[nn.Parameter]:
        """Yield the parameters that more than one loss uses."""
        for name, tasks in self.sharing.trunks().items():
            if len(tasks) > 1:
                yield from self.trunks[name].parameters()
            elif self.modality_heads is not None:
                yield from self.trunks[name].encoders.parameters()
        yield from self.sharing.shared_parameters()


def _masked(tokens: Tokens) -> Tokens:
    return Tokens(tokens.values, torch.zeros_like(tokens.mask))
