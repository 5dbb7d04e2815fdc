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

from torso._tensors import Named
from torso.encoders import Encoder, MissingToken, ModalityDropout
from torso.fusion import Fusion
from torso.heads import Head
from torso.registry import Spec
from torso.sharing import Sharing
from torso.types import Features, Tokens

__all__ = ["Model", "Part", "Trunk"]


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


class Trunk(nn.Module):
    """Encoders, the missing tokens, and a fusion.

    Args:
        encoders: modality -> encoder.
        fusion: joins their tokens.
    """

    def __init__(self, encoders: Mapping[str, Encoder], fusion: Fusion) -> None:
        super().__init__()
        self.encoders: Named[Encoder] = Named(encoders)
        self.missing: Named[MissingToken] = Named(
            {name: MissingToken(encoder.dim) for name, encoder in encoders.items()}
        )
        self.fusion = fusion

    def forward(self, inputs: Mapping[str, Features]) -> Tokens:
        """Return the fused tokens of a batch.

        Raises:
            ValueError: a modality is absent from `inputs`.
        """
        absent = [name for name in self.encoders.names() if name not in inputs]
        if absent:
            raise ValueError(
                f"Parameter `inputs` should hold every modality, but {absent} are absent. Found {list(inputs)}. "
                "Rows that lack a modality say so in the mask of its `Features`."
            )
        tokens = {
            name: self.missing[name](encoder(inputs[name]))
            for name, encoder in self.encoders.pairs()
        }
        return self.fusion(tokens)


class Model(nn.Module):
    """Rows in, one output per task out.

    Args:
        trunks: trunk name -> trunk, for every name in `sharing.trunks()`.
        sharing: turns fused tokens into one vector per task.
        heads: task -> head.
        modality_dropout: share of a row's modalities hidden in training.
    """

    def __init__(
        self,
        trunks: Mapping[str, Trunk],
        sharing: Sharing,
        heads: Mapping[str, Head],
        modality_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.trunks: Named[Trunk] = Named(trunks)
        self.sharing = sharing
        self.heads: Named[Head] = Named(heads)
        self.dropout = ModalityDropout(modality_dropout)

    @classmethod
    def build(
        cls,
        modalities: Mapping[str, Part],
        tasks: Mapping[str, Part],
        *,
        dim: int,
        fusion: Spec = "transformer",
        sharing: Spec = "hard",
        modality_dropout: float = 0.0,
    ) -> Model:
        """Return a model whose parts are built by name.

        Args:
            modalities: modality -> its encoder's part.
            tasks: task -> its head's part.
            dim: token width.
            fusion: spec of the fusion.
            sharing: spec of the sharing.
            modality_dropout: share of a row's modalities hidden in training.
        """
        shared = Sharing.registry.build(sharing, tasks=list(tasks), dim=dim)
        trunks = {
            name: Trunk(
                {
                    modality: Encoder.build(part.full_spec(), dim=dim, **part.offered)
                    for modality, part in modalities.items()
                },
                Fusion.registry.build(fusion, modalities=list(modalities), dim=dim),
            )
            for name in shared.trunks()
        }
        shared.start(trunks)
        heads = {
            task: Head.registry.build(part.full_spec(), dim=shared.width, **part.offered)
            for task, part in tasks.items()
        }
        return cls(trunks, shared, heads, modality_dropout)

    @property
    def tasks(self) -> list[str]:
        """Names of the tasks, in the order of the losses."""
        return list(self.heads.names())

    def forward(self, inputs: Mapping[str, Features]) -> dict[str, Tensor]:
        """Return task -> its head's raw outputs."""
        return self.decide(self.fuse(inputs))

    def fuse(self, inputs: Mapping[str, Features]) -> dict[str, Tokens]:
        """Return trunk name -> its fused tokens: the first half of `forward`."""
        inputs = self.dropout(inputs)
        return {name: trunk(inputs) for name, trunk in self.trunks.pairs()}

    def decide(self, fused: Mapping[str, Tokens]) -> dict[str, Tensor]:
        """Return task -> its head's raw outputs, from what `fuse` returned: the second half of `forward`."""
        vectors = self.sharing(fused)
        return {task: head(vectors[task]) for task, head in self.heads.pairs()}

    def losses(
        self, outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Return the mean loss `[tasks]` and the number of labelled rows, int64 `[tasks]`.

        In training, the sharing's penalties are part of the losses.
        """
        losses, counts = [], []
        penalties = self.sharing.penalties(dict(self.trunks.pairs())) if self.training else {}
        for task, head in self.heads.pairs():
            wide = torch.promote_types(outputs[task].dtype, torch.float32)
            loss = head.loss(outputs[task].to(wide), targets[task])
            losses.append(loss + penalties[task].to(loss.dtype) if task in penalties else loss)
            counts.append(head.labelled(targets[task]).sum())
        return torch.stack(losses), torch.stack(counts)

    def representation(self, fused: Mapping[str, Tokens]) -> list[Tensor]:
        """Return the values of the fused tokens that more than one task reads."""
        shared = (name for name, tasks in self.sharing.trunks().items() if len(tasks) > 1)
        return [fused[name].values for name in shared]

    def own_rates(self) -> Iterator[tuple[nn.Parameter, float]]:
        """Yield the parameters of encoders with a learning rate of their own, and that rate."""
        for _, trunk in self.trunks.pairs():
            for _, encoder in trunk.encoders.pairs():
                if encoder.lr is not None:
                    yield from ((one, encoder.lr) for one in encoder.at_own_rate())

    def shared_parameters(self) -> Iterator[nn.Parameter]:
        """Yield the parameters that more than one task uses."""
        for name, tasks in self.sharing.trunks().items():
            if len(tasks) > 1:
                yield from self.trunks[name].parameters()
        yield from self.sharing.shared_parameters()
