"""The search space: path of a setting -> the values that trials draw, read and checked before a row is read."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

from torso.core.errors import ConfigError, unknown, within
from torso.core.setting_types import accepts, choices
from torso.core.signature import Setting
from torso.runs.preparing.prepared import Prepared
from torso.runs.settings.check import check_values
from torso.runs.settings.config import RunConfig, read_config
from torso.runs.settings.paths import apply_settings
from torso.studies.tune.dimensions import Choice, Dimension, Drawing, Numbers, Simplex, Span, Steps
from torso.studies.tune.parts import Part, inner_parts, parts_of, setting_of, value_at

__all__ = ["Settings", "Space", "read_space", "usual_values"]

Settings = dict[str, object]
"""Path -> value, as `torso.train` takes them."""

_FORMS = (
    "Write {low: 1e-4, high: 1e-2, log: true}, a list of values such as [32, 64, 128], or auto for the range that "
    "`torso list` shows."
)
_ANOTHER_PREPARATION = "trials share the rows and columns of one preparation. Fit a run with it"
_NOT_OF_A_TRIAL = "each trial trains one network, without plain models. Set it in the run"
_REFUSED = {
    **dict.fromkeys(("data", "inputs", "targets", "start", "pretrained"), _ANOTHER_PREPARATION),
    **dict.fromkeys(
        ("folds", "repeats", "blend", "plain", "refit", "search", "quality", "budget"),
        _NOT_OF_A_TRIAL,
    ),
    "seed": "the best of many seeds is luck. Leave it out",
}
"""First key of a path -> the reason why it is not searched."""


@dataclass(frozen=True)
class Space:
    """Free settings of a search.

    Attributes:
        dimensions: path -> the values that trials draw.
        notes: on ranges that were widened, in sentences.
    """

    dimensions: Mapping[str, Dimension]
    notes: tuple[str, ...] = ()

    def draw(self, trial: Drawing, parts: Mapping[str, Part]) -> Settings:
        """Return the settings of a trial."""
        drawn = {path: each.draw(path, trial) for path, each in self.dimensions.items()}
        return spread(drawn, parts)

    def draws_of(self, config: RunConfig) -> dict[str, Numbers]:
        """Return path -> the draws that mean the run's own value, where there are any."""
        parts, known = parts_of(config), dict[str, Numbers]()
        for path, dimension in self.dimensions.items():
            value = value_at(path, config, parts)
            if path in parts and isinstance(dimension, Choice):
                value = _meant(parts[path], dimension)
            draws = dimension.numbers(path, value)
            known |= {} if draws is None else {path: draws}
        return known

    def check_preparation(self, prepared: Prepared) -> None:
        """Refuse values that ask for another preparation, such as an encoder that reads other tokens.

        Raises:
            ConfigError: with the setting.
        """
        parts = parts_of(prepared.config)
        for path, dimension in self.dimensions.items():
            for value in dimension.ends() if path in parts or "." in path else []:
                with within(path):
                    prepared.configured(spread({path: value}, parts))

    def to_dict(self) -> dict[str, object]:
        """Return JSON values."""
        return {path: dimension.to_dict() for path, dimension in self.dimensions.items()}


def spread(drawn: Mapping[str, object], parts: Mapping[str, Part]) -> Settings:
    """Return drawn values as settings: parts first, then settings inside those that have them."""
    whole = {path: value for path, value in drawn.items() if path in parts}
    settings: Settings = dict(whole)
    inside = [path for path in drawn if path not in whole]
    for path in sorted(inside, key=lambda path: "*" not in path):  # a part's own setting wins
        value = drawn[path]
        owners, key = inner_parts(path, parts)
        if not owners:
            settings[path] = value
        for part in owners:
            if key in part.settings(whole.get(part.path)):
                settings[f"{part.path}.{key}"] = value
    return settings


def _meant(part: Part, choice: Choice) -> object:
    """Return the value of a choice that names the part which the run has; None without any."""
    own = part.spec()
    for value in choice.values:
        spec = part.registry.parse(value, part.form)
        if spec.name == own.name and all(
            own.settings.get(k) == v for k, v in spec.settings.items()
        ):
            return value
    return None


def read_space(source: str | Path | Mapping[str, object], config: RunConfig) -> Space:
    """Return the space that a YAML file or a mapping describes, every name and value checked.

    Args:
        source: the file, or path of a setting -> `{low, high, log}`, a list of values, `auto`, or for
            `balancing.weights` `simplex`.
        config: complete, of the run to tune.

    Raises:
        ConfigError: an unknown path or value, a setting that trials cannot change, or nothing to search.
    """
    said = source if isinstance(source, Mapping) else read_config(Path(source).expanduser())
    origin = "the space" if isinstance(source, Mapping) else str(source)
    if not said:
        raise ConfigError(f"{origin} names no setting: there is nothing to search. {_FORMS}")
    for path in said:
        first = str(path).split(".")[0]
        if first in _REFUSED:
            raise ConfigError(f"{origin}: `{path}` is not searched: {_REFUSED[first]}.")
    parts = parts_of(config)
    for path in said:
        room = str(path).split(".")[0]
        known = [part for part in parts if part.startswith(f"{room}.")]
        inside = any(str(path) == part or str(path).startswith(f"{part}.") for part in known)
        if room in ("encoders", "heads") and not inside and "*" not in str(path):
            raise ConfigError(f"{origin}: {unknown('path', path, known)}")
    chosen: dict[str, list[object]] = {
        path: [*value]
        for path, value in said.items()
        if path in parts and isinstance(value, list | tuple)
    }
    dimensions: dict[str, Dimension] = {}
    notes: list[str] = []
    for path, value in said.items():
        with within(str(path)):
            key, dimension = _dimension(str(path), value, parts, chosen)
            own = value_at(key, config, parts)
            if isinstance(dimension, Span) and dimension.holding(own) != dimension:
                dimension = dimension.holding(own)
                notes.append(f"`{path}` is searched from {dimension}, to hold the run's own {own}.")
        dimensions[key] = dimension
    space = Space(dimensions, tuple(notes))
    _check(space, config, parts)
    return space


def _dimension(
    path: str, value: object, parts: Mapping[str, Part], chosen: Mapping[str, list[object]]
) -> tuple[str, Dimension]:
    """Return the path that a trial sets, and its values."""
    if value == "simplex":
        tasks = tuple(part.removeprefix("heads.") for part in parts if part.startswith("heads."))
        if path != "balancing.weights" or len(tasks) < 2:
            raise ConfigError(
                "`simplex` is for `balancing.weights`, the weights of two or more tasks. "
                f"Found it for `{path}` with {len(tasks)} task{'s' * (len(tasks) != 1)}."
            )
        return "balancing", Simplex(tasks)
    if path.startswith("heads.") and (path in parts or path.endswith(".type")):
        raise ConfigError(
            "heads of another kind have another loss, and trials are compared by their loss. Leave it out."
        )
    setting = Setting(path, object, None) if path in parts else setting_of(path, parts, chosen)
    if value == "auto":
        return path, usual_values(setting, path, parts)
    if isinstance(value, list | tuple):
        return path, _listed([_number(each) for each in value])
    if isinstance(value, Mapping):
        return path, _span({key: _number(each) for key, each in value.items()}, setting)
    raise ConfigError(f"Found {value!r}, one value, which leaves nothing to search. {_FORMS}")


def usual_values(setting: Setting, path: str, parts: Mapping[str, Part]) -> Dimension:
    """Return the values that a signature says: its range, its words, or yes and no.

    Raises:
        ConfigError: it says none.
    """
    if path in parts:
        return Choice(tuple(_short(parts[path])))
    words = choices(setting.type)
    if words:
        return Choice(tuple(words))
    if setting.type is bool:
        return Choice((False, True))
    span = setting.range
    if span is None:
        raise ConfigError(f"The signature tells no range for `auto`. {_FORMS}")
    whole = not accepts(setting.type, 0.5)
    if not (whole and span.log):
        return Span(span.low, span.high, span.log, whole)
    values = [int(span.low)]
    while 2 * values[-1] <= span.high:
        values.append(2 * values[-1])
    return Steps(tuple(values))


def _short(part: Part) -> list[str]:
    """Return the parts of a room that need nothing said, by the names that YAML has for them."""
    names = [
        name for name in part.registry if name.startswith(f"{part.form}/" if part.form else "")
    ]
    ready = [
        name
        for name in names
        if not any(each.required and each.by_user for each in part.registry.settings(name).values())
    ]
    return [name.removeprefix(f"{part.form}/") for name in ready]


def _listed(values: list[object]) -> Dimension:
    distinct = [value for number, value in enumerate(values) if value not in values[:number]]
    if len(distinct) < 2:
        raise ConfigError(f"Found {values}, which leaves nothing to search. {_FORMS}")
    numbers = [each for each in distinct if isinstance(each, int | float)]
    if len(numbers) == len(distinct) and not any(isinstance(each, bool) for each in numbers):
        return Steps(tuple(sorted(numbers)))
    return Choice(tuple(distinct))


def _span(said: Mapping[object, object], setting: Setting) -> Dimension:
    """Return the span that a mapping describes."""
    for key in said:
        if key not in ("low", "high", "log", "values"):
            raise ConfigError(unknown("key of a range:", key, ["low", "high", "log", "values"]))
    values = said.get("values")
    if values is not None:
        return _listed([*values] if isinstance(values, list | tuple) else [values])
    low, high, log = said.get("low"), said.get("high"), said.get("log", False)
    numbers = [end for end in (low, high) if isinstance(end, int | float)]
    if len(numbers) != 2 or not numbers[0] < numbers[1] or not isinstance(log, bool):
        raise ConfigError(f"A range has `low` below `high`. Found {dict(said)}. {_FORMS}")
    if log and numbers[0] <= 0:
        raise ConfigError(f"A range on a log scale begins above 0. Found `low` {low}.")
    whole = not accepts(setting.type, 0.5) and accepts(setting.type, 2)
    if whole and any(end != int(end) for end in numbers):
        raise ConfigError(f"`low` and `high` should be whole numbers. Found {numbers}.")
    return Span(numbers[0], numbers[1], log and not whole, whole)


def _number(value: object) -> object:
    """Return a number that YAML 1.1 reads as text, such as 1e-4, as one."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _check(space: Space, config: RunConfig, parts: Mapping[str, Part]) -> None:
    """Refuse a path that no config has, and a value that it does not take."""
    for path, dimension in space.dimensions.items():
        for value in dimension.ends():
            owner = inner_parts(path, parts)[0]
            wholes = [
                {part.path: other}
                for part in owner
                for other in (
                    space.dimensions[part.path].ends() if part.path in space.dimensions else []
                )
            ]
            for whole in wholes or [{}]:
                values = deepcopy(config.model_dump())
                apply_settings(values, spread({**whole, path: value}, parts))
                check_values(values)
