"""Fixed words of the pages: a table per language, with the same keys.

>>> Words("en")("summary.tasks", count=3)
'3 tasks'
"""

from __future__ import annotations

from torso.core.errors import ConfigError, unknown
from torso.core.sentences import Sentences
from torso.reports.words import en, en_studies, zh, zh_sentences, zh_studies

__all__ = ["LANGUAGES", "SENTENCES", "Words"]

LANGUAGES = {"en": {**en.WORDS, **en_studies.WORDS}, "zh": {**zh.WORDS, **zh_studies.WORDS}}
SENTENCES = {"zh": zh_sentences.SENTENCES}
"""Language -> English sentences of runs and studies -> the same in that language."""


class Words:
    """The words of a language.

    Args:
        language: `en` or `zh`.

    Raises:
        ConfigError: there is no table of it.
    """

    def __init__(self, language: str) -> None:
        if language not in LANGUAGES:
            raise ConfigError(unknown("language", language, LANGUAGES))
        self.language = language
        self.table = LANGUAGES[language]
        self._sentences = Sentences(SENTENCES[language]) if language in SENTENCES else None

    def __call__(self, key: str, **values: object) -> str:
        """Return a phrase with its values filled in; the singular where `count` is 1."""
        if values.get("count") == 1 and f"{key}.1" in self.table:
            key = f"{key}.1"
        return self.table[key].format(**values)

    def known(self, key: str, otherwise: str) -> str:
        """Return a phrase, or the other if the table lacks it: names that parts from outside bring along."""
        return self.table.get(key, otherwise)

    def sentence(self, text: str) -> str | None:
        """Return a sentence that a run or a study wrote, in this language; None if the catalogue lacks it."""
        return text if self._sentences is None else self._sentences(text)
