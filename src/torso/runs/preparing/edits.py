"""Edits of a config, followed through: lines that a removed column or another part leaves behind go too.

`run.yaml` is complete, so an edit of one line leaves others that no longer mean anything: the encoder of an input
that is gone, the settings of a kind that a column no longer has. They are taken out and told of. Settings that the
user names beside the config stay, so that a slip in one of them is refused where it is checked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from torso.core.errors import ConfigError, unknown
from torso.core.setting_types import choices
from torso.core.spec import Settings, Spec
from torso.runs.schema.modality import named_modalities
from torso.runs.settings.config import ABOUT_COLUMN
from torso.runs.settings.described import Described, Raw, described
from torso.runs.settings.paths import Path
from torso.runs.settings.rates import rates_left_open
from torso.runs.settings.rooms import ROOMS_OF_TRAINING, PartRegistry, registry_of, schema_of

__all__ = ["followed_through", "left_open"]

_WHOLE = ("fusion", "sharing", "balancing")
_COLUMNS = {"encoders": "inputs", "heads": "targets"}
"""Section of parts -> the section of the columns that they read or answer."""
_OWNERS = {"encoders": "modality", "heads": "task"}


def followed_through(
    values: Raw,
    before: Settings,
    said: Collection[Path],
    columns: Collection[str],
) -> list[str]:
    """Take lines without a meaning out of `values`, in place, and return a sentence for each.

    Args:
        values: raw ones of a config, edited.
        before: those that the file or the mapping held.
        said: paths that the user named beside it, which stay.
        columns: names of the table's columns, as far as they are known.
    """
    for section in ("inputs", "targets"):
        if values.get(section) is not None:
            values[section] = described(values[section], section)
    edits = _Edits(values, before, said, columns)
    edits.move_columns()
    edits.drop_settings_of_kinds()
    edits.drop_parts()
    edits.drop_names()
    edits.notes += rates_left_open(values, before, said)
    edits.drop_settings_of_parts()
    return edits.notes


def left_open(
    values: Raw, before: Settings, said: Collection[Path], columns: Collection[str]
) -> None:
    """Take out parts and sections that are null, in place, so that their defaults are chosen again.

    Args:
        values: raw ones of a config, edited.
        before: those that the file or the mapping held.
        said: paths that the user named beside it.
        columns: names of the table's columns, as far as they are known.

    Raises:
        ConfigError: the encoder or head of a name that is no column, modality or task.
    """
    for room in [*_WHOLE, *_COLUMNS, "plain", "training", "data"]:
        if room in values and values[room] is None:
            del values[room]
    for room in ROOMS_OF_TRAINING:
        if _at(values, ("training", room)) is None and room in _mapping(values.get("training")):
            del values["training"][room]
    edits = _Edits(values, before, said, columns)
    for room, section in _COLUMNS.items():
        parts = _mapping(values.get(room))
        for name in [name for name, part in parts.items() if part is None]:
            mine = [path for path in said if path[0] == room]  # set before it is taken out again
            named = {path[1] for path in mine if len(path) > 2 or mine.count(path) > 1}
            known = {*edits.known(section), *_mapping(before.get(room))}
            if columns and name not in known | named:
                raise ConfigError(unknown(f"{_OWNERS[room]} in `{room}`:", name, known))
            edits.drop((room, name))
    values.setdefault("data", {})


@dataclass
class _Edits:
    values: Settings
    before: Settings
    said: Collection[Path]
    table: Collection[str]
    notes: list[str] = field(default_factory=list)
    gone: dict[str, set[str]] = field(default_factory=lambda: {"inputs": set(), "targets": set()})

    def move_columns(self) -> None:
        """Let a column that is named as target be no input any more, or the other way round."""
        both = {*self._live("inputs")} & {*self._live("targets")}
        for name in sorted(both):
            named = [room for room in ("inputs", "targets") if self._is_said(room, name)]
            if len(named) == 1:
                old, role = (
                    ("inputs", "a target") if named == ["targets"] else ("targets", "an input")
                )
                self.drop((old, name))
                self._tell([(old, name)], f"{name!r} is {role} now")

    def drop_settings_of_kinds(self) -> None:
        """Drop settings that only another kind of the column has."""
        for section in ("inputs", "targets"):
            registry = registry_of(section)
            for name, spec in self._live(section).items():
                kind = spec.get("kind")
                if not isinstance(kind, str) or kind not in registry:
                    continue
                changed = self._kind_before(section, name) not in (None, kind)
                keys = [key for key in spec if key not in ("kind", *ABOUT_COLUMN[section])]
                own = {key: spec[key] for key in keys}
                foreign = self._foreign((section, name), registry, Spec(kind, own), changed)
                if foreign:
                    for key in foreign:
                        self.drop((section, name, key))
                    self._tell(
                        [(section, name, key) for key in foreign],
                        f"{name!r} is of kind {kind!r}",
                    )

    def drop_parts(self) -> None:
        """Drop encoders of modalities and heads of tasks that are gone, or that are of another form now."""
        for room, section in _COLUMNS.items():
            parts, forms = self.values.get(room), self._forms(section, self.values)
            if not isinstance(parts, dict) or not forms:
                continue  # columns that are yet to be inferred
            had = self._forms(section, self.before)
            for name in [*parts]:
                if self._is_said(room, name) or forms.get(name) == "":
                    continue
                if name not in forms:
                    if self._was_one(section, name, had):
                        del parts[name]
                        self.gone[section].add(name)
                        self._tell([(room, name)], f"{name!r} is no {_OWNERS[room]} now")
                elif had.get(name, forms[name]) != forms[name] or self._of_another_form(
                    room, parts[name], forms[name]
                ):
                    del parts[name]
                    self._tell([(room, name)], f"{name!r} is of the kind {forms[name]!r} now")
            self.gone[section] |= {*had} - {*forms}

    def drop_names(self) -> None:
        """Drop names of tasks and modalities that are gone from the settings of other parts."""
        gone = self.gone["inputs"] | self.gone["targets"]
        gone -= {*self._live("targets"), *self._forms("inputs", self.values)}
        for room in _WHOLE if gone else ():
            spec = self.values.get(room)
            if not isinstance(spec, dict):
                continue
            for key in [key for key in spec if key != "type" and not self._is_said(room, key)]:
                if isinstance(spec[key], str) and spec[key] in self._words(room, spec, key):
                    continue
                names = sorted({*_names(spec[key])} & gone)
                if names:
                    left = _without(spec[key], gone)
                    if left in ("", [], {}):
                        del spec[key]
                    else:
                        spec[key] = left
                    self._tell(
                        [(room, key, name) for name in names],
                        f"{_listed(names)} {'is' if len(names) == 1 else 'are'} gone",
                    )

    def drop_settings_of_parts(self) -> None:
        """Drop settings of a part that only another part of its room has."""
        for room in _WHOLE:
            self._drop_settings((room,), "")
        for room in ROOMS_OF_TRAINING:
            self._drop_settings(("training", room), "")
        for room, section in _COLUMNS.items():
            forms, parts = self._forms(section, self.values), self.values.get(room)
            for name in [*parts] if isinstance(parts, Mapping) else []:
                if forms.get(name):
                    self._drop_settings((room, name), forms[name])

    def _drop_settings(self, path: Path, form: str) -> None:
        spec = _at(self.values, path)
        if not isinstance(spec, dict) or not isinstance(spec.get("type"), str):
            return
        registry = schema_of(path[1] if path[0] == "training" else path[0])
        named = registry.parse(spec, form)
        if named.name not in registry:
            return
        old = _at(self.before, (*path, "type"))
        changed = (*path, "type") in self.said and old not in (None, spec["type"])
        foreign = self._foreign(path, registry, named, changed)
        for key in foreign:
            del spec[key]
        self._tell([(*path, key) for key in foreign], f"`{'.'.join(path)}` is {spec['type']!r}")

    def _foreign(self, path: Path, registry: PartRegistry, spec: Spec, changed: bool) -> list[str]:
        """Return settings that only other parts of the room have, or whose values this one refuses, if it is new."""
        known = registry.settings(spec.name)
        others = {key for other in registry for key in registry.settings(other)}
        return [
            key
            for key, value in spec.settings.items()
            if not self._is_said(*path, key)
            and (
                (key in others and key not in known)
                or (
                    changed
                    and key in known
                    and not _passes(registry, Spec(spec.name, {key: value}))
                )
            )
        ]

    def known(self, section: str) -> set[str]:
        """Return names that a modality or a task has or had; while inputs are open, those that it may have."""
        now, had = (self._forms(section, values) for values in (self.values, self.before))
        may = () if now else (*self.table, *self._shared(section))
        return {*now, *had, *may}

    def _live(self, section: str, values: Settings | None = None) -> dict[str, Settings]:
        columns: Described = described(
            (self.values if values is None else values).get(section), section
        )
        return {name: spec for name, spec in columns.items() if spec is not None}

    def _kind_before(self, section: str, name: str) -> object:
        return self._live(section, self.before).get(name, {}).get("kind")

    def _forms(self, section: str, values: Settings) -> dict[str, str]:
        """Return modality -> form of its encoders, or task -> kind of its heads; "" where it is open."""
        registry, columns = registry_of(section), self._live(section, values)
        kinds = {
            name: registry.find(spec["kind"]) if spec.get("kind") in registry else None
            for name, spec in columns.items()
        }
        if section == "targets":
            return {name: kind.kind if kind else "" for name, kind in kinds.items()}
        modalities = named_modalities(
            {name: kind.modality if kind else "" for name, kind in kinds.items()},
            {name: spec.get("modality") for name, spec in columns.items()},
        )
        first = {label: kinds[members[0]] for label, members in modalities.items()}
        return {label: kind.form if kind else "" for label, kind in first.items()}

    def _was_one(self, section: str, name: str, had: Mapping[str, str]) -> bool:
        """Return whether a name without a column was a task or a modality, and is no slip."""
        return name in had or name in self.table or name in self._shared(section)

    def _shared(self, section: str) -> set[str]:
        """Return the modalities that columns of a kind share."""
        return (
            {part.modality for _, part in registry_of(section).items() if part.modality}
            if section == "inputs"
            else set()
        )

    def _of_another_form(self, room: str, part: object, form: str) -> bool:
        names = schema_of(room)
        try:
            short = Spec.parse(part, names, form).short(form)
        except ConfigError:  # whoever checks it says why
            return False
        others = {name.rpartition("/")[2] for name in names}
        return bool(short) and f"{form}/{short}" not in names and short in others

    def _words(self, room: str, spec: Settings, key: str) -> Collection[object]:
        """Return the words that a setting of a part may be, besides names."""
        schema = schema_of(room)
        if spec.get("type") not in schema:
            return ()
        known = schema.settings(str(spec["type"]))
        return choices(known[key].type) if key in known else ()

    def _is_said(self, *path: str) -> bool:
        """Return whether the user named this path, or one inside or above it, beside the config."""
        return any(all(a == b for a, b in zip(path, other, strict=False)) for other in self.said)

    def drop(self, path: Path) -> None:
        """Take the value out to which a path leads."""
        holder = _at(self.values, path[:-1])
        assert isinstance(holder, dict)
        del holder[path[-1]]

    def _tell(self, paths: Sequence[Path], why: str) -> None:
        if paths:
            shown = ", ".join(f"`{'.'.join(path)}`" for path in paths)
            self.notes.append(
                f"Config: {why}, so {shown} {'is' if len(paths) == 1 else 'are'} left out."
            )


def _mapping(value: object) -> Settings:
    return value if isinstance(value, Mapping) else {}


def _at(values: object, path: Path) -> object:
    for key in path:
        values = values.get(key) if isinstance(values, Mapping) else None
    return values


def _names(value: object) -> Iterator[str]:
    """Yield the texts of a setting: keys of mappings, items of lists, or itself."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            yield from _names(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _names(inner)


def _without(value: object, gone: Collection[str]) -> object:
    """Return a setting without the names that are gone, and without lists and mappings that they leave empty."""
    if isinstance(value, str):
        return "" if value in gone else value
    if isinstance(value, Mapping):
        kept = {key: _without(inner, gone) for key, inner in value.items() if key not in gone}
        return {
            key: inner
            for key, inner in kept.items()
            if inner == value[key] or inner not in ("", [], {})
        }
    if isinstance(value, list | tuple):
        items = [(inner, _without(inner, gone)) for inner in value]
        return [new for old, new in items if new == old or new not in ("", [], {})]
    return value


def _listed(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)


def _passes(registry: PartRegistry, spec: Spec) -> bool:
    try:
        registry.check(spec)
    except ConfigError:
        return False
    return True
