"""Sentences of runs and studies in another language: a catalogue like gettext's, keyed by the English template.

A run keeps its notes in English. A template matches what the code made of it, and its cells, names and figures go into the
template of the other language. A sentence that no template matches stays English, and the page says that it is.

>>> told = Sentences({"{count} cells of {name} counted as missing": "{name} 有 {count} 个单元格算作缺失"})
>>> told("3 cells of 'size' counted as missing")
"'size' 有 3 个单元格算作缺失"
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from string import Formatter

__all__ = ["Sentences", "pattern_of"]


class Sentences:
    """The sentences of a language.

    Args:
        catalogue: English template -> template; a field `{why:words}` of the latter is itself translated.
    """

    def __init__(self, catalogue: Mapping[str, str]) -> None:
        # The template with the most fixed text speaks first: a general one would swallow a special one's words.
        ordered = sorted(catalogue, key=lambda template: -len(_fixed(template)))
        self._known = [(pattern_of(template), catalogue[template]) for template in ordered]

    def __call__(self, text: str) -> str | None:
        """Return a text in the language, sentence by sentence if need be; None where no template matches."""
        for pattern, template in self._known:
            if match := pattern.fullmatch(text):
                return _Filled(self).format(template, **match.groupdict())
        ends = [match.end() for match in re.finditer(r"[.:!?] (?=[A-Z`0-9])", text)]
        for end in ends:
            first, rest = self._whole(text[:end].rstrip()), self(text[end:])
            if first is not None and rest is not None:
                return first + rest
        return None

    def _whole(self, text: str) -> str | None:
        """Return a text that one template matches."""
        for pattern, template in self._known:
            if match := pattern.fullmatch(text):
                return _Filled(self).format(template, **match.groupdict())
        return None


class _Filled(Formatter):
    """Fills a template; `{field:words}` is translated, if it can be."""

    def __init__(self, sentences: Sentences) -> None:
        self.sentences = sentences

    def format_field(self, value: object, spec: str) -> str:
        if spec == "words":
            return self.sentences(str(value)) or str(value)
        return str(value)


def pattern_of(template: str) -> re.Pattern[str]:
    """Return what matches a template's sentences; a field that stands twice must hold the same twice."""
    parts, seen = [], set()
    for fixed, name, _, _ in Formatter().parse(template):
        parts.append(re.escape(fixed))
        if name:
            parts.append(f"(?P={name})" if name in seen else f"(?P<{name}>.+?)")
            seen.add(name)
    return re.compile("".join(parts), re.DOTALL)


def _fixed(template: str) -> str:
    return "".join(fixed for fixed, _, _, _ in Formatter().parse(template))
