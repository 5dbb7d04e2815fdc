"""Search spaces of a run that names none: the settings that matter first, or more of them.

Learning rate and regularisation gain most on tables, then widths: Holzmüller et al., Better by Default, NeurIPS 2024
(https://arxiv.org/abs/2407.04491), and Gorishniy et al. tune the same few. Fusions and weights of tasks gain little beside
them, so they are searched only where asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from torso.core.errors import ConfigError
from torso.encoders import Encoder
from torso.runs.preparing.prepared import Prepared
from torso.runs.settings.config import RunConfig
from torso.studies.tune.dimensions import Choice, Dimension, Simplex, Span, Steps
from torso.studies.tune.parts import Part, inner_parts, parts_of, setting_of, value_at
from torso.studies.tune.space import Space, usual_values

__all__ = ["SPACES", "usual_space"]

SPACES = ("first", "all")
"""Names of the spaces: rate, weight decay, dropout and width; and with them weights of tasks and parts."""

_FIRST = ("training.lr", "training.weight_decay", "*.dropout")
_WIDTHS = (32, 512)
_FUSIONS = ("concat", "gated", "late", "transformer")
_SHARINGS = ("hard", "members", "mmoe")
_FORMS = ("numbers", "text")
"""Forms of which other encoders keep the layout of the columns."""


def usual_space(name: str, prepared: Prepared) -> Space:
    """Return the space of a name for a run.

    >>> import torso
    >>> table = {"x": [float(n % 7) for n in range(60)], "y": [n % 7 + 0.5 for n in range(60)]}
    >>> print(*usual_space("first", torso.prepare(table, ["y"])).dimensions, sep=", ")
    training.lr, training.weight_decay, *.dropout, dim

    Args:
        name: one of `SPACES`.
        prepared: of the run.
    """
    config = prepared.config
    parts = parts_of(config)
    dimensions: dict[str, Dimension] = {}
    for path in _FIRST:
        owners, key = inner_parts(path, parts)
        if not owners or any(key in part.settings() for part in owners):
            dimensions[path] = _sensible(path, config, parts)
    widths = {config.dim // 2, config.dim, 2 * config.dim}
    least, most = _WIDTHS
    inside = tuple(sorted(w for w in widths if w == config.dim or least <= w <= most))
    if len(inside) > 1:
        dimensions["dim"] = Steps(inside)
    if name == "all":
        dimensions |= _further(prepared, parts)
    return Space(dimensions)


def _sensible(path: str, config: RunConfig, parts: Mapping[str, Part]) -> Dimension:
    """Return the range that signatures carry, wide enough for the run's own value."""
    dimension = usual_values(setting_of(path, parts, {}), path, parts)
    own = value_at(path, config, parts)
    return dimension.holding(own) if isinstance(dimension, Span) else dimension


def _further(prepared: Prepared, parts: Mapping[str, Part]) -> dict[str, Dimension]:
    """Return weights of tasks, fusion, sharing and encoders, where there is anything to choose."""
    config, schema = prepared.config, prepared.schema
    tasks, modalities = tuple(schema.targets), schema.modalities
    dimensions: dict[str, Dimension] = {}
    offered: dict[str, list[str]] = {}
    if len(modalities) > 1:
        dimensions["training.modality_dropout"] = _sensible(
            "training.modality_dropout", config, parts
        )
        offered["fusion"] = [*_FUSIONS]
    if len(tasks) > 1:
        if Simplex(tasks).numbers("balancing", config.balancing) is not None:
            dimensions["balancing"] = Simplex(tasks)
        offered["sharing"] = [*_SHARINGS]
    for name, modality in modalities.items():
        if modality.form in _FORMS:
            names = [part for part in Encoder.registry if part.startswith(f"{modality.form}/")]
            short = [part.removeprefix(f"{modality.form}/") for part in names]
            offered[f"encoders.{name}"] = [part for part in short if part != "hub"]
    for path, names in offered.items():
        own = parts[path].spec().short(parts[path].form)
        others = [other for other in names if other != own and _trainable(prepared, path, other)]
        if others:
            dimensions[path] = Choice((own, *others))
    return dimensions


def _trainable(prepared: Prepared, path: str, part: str) -> bool:
    """Return whether a part can be trained on the preparation."""
    try:
        replace(prepared).configured({path: part})
    except ConfigError:
        return False
    return True
