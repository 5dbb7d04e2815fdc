"""Fixed words of the pages: a table per language, with the same keys.

>>> Words("en")("summary.tasks", count=3)
'3 tasks'
"""

from __future__ import annotations

from torso.core.errors import ConfigError, unknown
from torso.reports.words import en, zh

__all__ = ["LANGUAGES", "Words"]

LANGUAGES = {"en": en.WORDS, "zh": zh.WORDS}


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

    def __call__(self, key: str, **values: object) -> str:
        """Return a phrase with its values filled in; the singular where `count` is 1."""
        if values.get("count") == 1 and f"{key}.1" in self.table:
            key = f"{key}.1"
        return self.table[key].format(**values)

    def known(self, key: str, otherwise: str) -> str:
        """Return a phrase, or the other if the table lacks it: names that parts from outside bring along."""
        return self.table.get(key, otherwise)
