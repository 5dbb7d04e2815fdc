"""Sentences in another language: a catalogue like gettext's, keyed by the English template.

A run keeps its notes in English, and the server says its refusals in it. A template matches what the code made of it, and its
cells, names and figures go into the template of the other language. A sentence that no template matches stays English.

>>> told = Sentences({"{count} cells of {name} counted as missing": "{name} 有 {count} 个单元格算作缺失"})
>>> told("3 cells of 'size' counted as missing")
"'size' 有 3 个单元格算作缺失"
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from string import Formatter

__all__ = ["Sentences", "pattern_of"]

_END = r"[.:!?] (?=[A-Z`])"
"""Between two sentences."""
_ENDS = 12
"""Ends of sentences that may be that of the first."""


class Sentences:
    """The sentences of a language.

    Args:
        catalogue: English template -> template; a field `{why:words}` of either is translated, too.
    """

    def __init__(self, catalogue: Mapping[str, str]) -> None:
        # The template with the most fixed text speaks first: a general one would swallow a special one's words.
        ordered = sorted(catalogue, key=lambda template: -len(_fixed(template)))
        self._known = [
            (pattern_of(template), _marked(catalogue[template], template)) for template in ordered
        ]

    def __call__(self, text: str) -> str | None:
        """Return a text in the language, sentence by sentence if need be; None where no template matches."""
        return _Translation(self._known).of(text)


class _Translation:
    """The translation of one text; each part of it is looked up once, since strangers' texts may repeat themselves."""

    def __init__(self, known: Sequence[tuple[re.Pattern[str], str]]) -> None:
        self._known = known
        self._seen: dict[str, str | None] = {}

    def of(self, text: str) -> str | None:
        """Return a text in the language."""
        if text not in self._seen:
            self._seen[text] = self._looked_up(text)
        return self._seen[text]

    def _looked_up(self, text: str) -> str | None:
        if (whole := self._whole(text)) is not None:
            return whole
        for match in islice(re.finditer(_END, text), _ENDS):
            if (first := self._whole(text[: match.start() + 1])) is not None:
                rest = self.of(text[match.end() :])
                return None if rest is None else first + rest
        return None

    def _whole(self, text: str) -> str | None:
        """Return a text that one template matches."""
        for pattern, template in self._known:
            if match := pattern.fullmatch(text):
                try:
                    return _Filled(self.of).format(template, **match.groupdict())
                except LookupError:  # a field that must be translated cannot be
                    continue
        return None


class _Filled(Formatter):
    """Fills a template; a mark of a field tells how it is translated.

    `words`: if it can be; `sentence`: it must be; `parts`: each piece between semicolons; `names`: its `and`.
    """

    def __init__(self, sentences: Callable[[str], str | None]) -> None:
        self.sentences = sentences

    def format_field(self, value: object, spec: str) -> str:
        text = str(value)
        if spec == "parts":
            return (self.sentences("; ") or "; ").join(
                self.sentences(part) or part for part in text.split("; ")
            )
        if spec == "names":
            return re.sub(r"(?<=') and (?=')", self.sentences("and") or " and ", text)
        translated = self.sentences(text) if spec else text
        if translated is None and spec == "sentence":
            raise LookupError(text)
        return text if translated is None else translated


def pattern_of(template: str) -> re.Pattern[str]:
    """Return the pattern of a template's sentences; a field that stands twice must hold the same twice."""
    parts, seen = [], set()
    for fixed, name, mark, _ in Formatter().parse(template):
        parts.append(re.escape(fixed))
        if name:
            some = (
                ".+?" if mark else rf"(?:(?!{_END}).)+?"
            )  # a name or a figure holds no two sentences
            parts.append(f"(?P={name})" if name in seen else f"(?P<{name}>{some})")
            seen.add(name)
    return re.compile("".join(parts), re.DOTALL)


def _marked(translated: str, template: str) -> str:
    """Return the translation, its fields marked as those of the English template are."""
    marks = {name: mark for _, name, mark, _ in Formatter().parse(template) if name and mark}
    for name, mark in marks.items():
        translated = translated.replace(f"{{{name}}}", f"{{{name}:{mark}}}")
    return translated


def _fixed(template: str) -> str:
    return "".join(fixed for fixed, _, _, _ in Formatter().parse(template))
