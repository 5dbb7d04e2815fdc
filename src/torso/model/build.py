"""Builds the parts of a model by name: trunks, heads, and heads above single modalities."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from torso.core.errors import within
from torso.core.spec import Spec, SpecLike
from torso.encoders import Encoder
from torso.fusion import Fusion
from torso.model.modality_heads import ModalityHeads
from torso.model.trunk import Missing, Trunk
from torso.tasks import Head

__all__ = ["PartSpec", "build_heads", "build_modality_heads", "build_trunk"]


@dataclass(frozen=True)
class PartSpec:
    """An encoder or a head still to be built.

    Attributes:
        form: the form of features that an encoder reads, or the kind of target that a head answers.
        spec: name, or mapping with `type` and settings.
        offered: facts of the data that a constructor may ask for: widths, vocabularies, statistics.
        sizes: number of sizes (`Features.sizes`) that are added to an encoder's tokens.
    """

    form: str
    spec: Spec | SpecLike
    offered: Mapping[str, object]
    sizes: int = 0


def build_trunk(
    modalities: Mapping[str, PartSpec], fusion: Spec | SpecLike, dim: int, missing: Missing
) -> Trunk:
    """Return a trunk of new encoders and a new fusion.

    Args:
        modalities: modality -> its encoder.
        fusion: spec of the fusion.
        dim: token width.
        missing: `token` or `skip`, as for `Trunk`.
    """
    encoders = {}
    for modality, part in modalities.items():
        with within(f"encoders.{modality}"):
            spec = Encoder.registry.parse(part.spec, part.form)
            encoders[modality] = Encoder.build(spec, dim=dim, **part.offered)
    built = Fusion.registry.build(fusion, modalities=list(modalities), dim=dim)
    sizes = {name: part.sizes for name, part in modalities.items() if part.sizes}
    return Trunk(encoders, built, missing, sizes)


def build_heads(tasks: Mapping[str, PartSpec], width: int, token_dim: int) -> dict[str, Head]:
    """Return task -> a new head.

    Args:
        tasks: task -> its head.
        width: of the vector that a head reads.
        token_dim: width of the tokens that a head may read beside it.
    """
    heads = {}
    for task, part in tasks.items():
        with within(f"heads.{task}"):
            spec = Head.registry.parse(part.spec, part.form)
            heads[task] = Head.registry.build(spec, dim=width, token_dim=token_dim, **part.offered)
    return heads


def build_modality_heads(
    modalities: Iterable[str], tasks: Mapping[str, PartSpec], dim: int
) -> ModalityHeads:
    """Return a head for each task above each modality, but for heads that read tokens."""
    built = {modality: build_heads(tasks, dim, dim) for modality in modalities}
    return ModalityHeads(
        {
            modality: {task: head for task, head in heads.items() if not head.reads_tokens}
            for modality, heads in built.items()
        }
    )
