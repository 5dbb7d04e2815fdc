"""The language of an answer's sentences: that which a request asks for, else English; codes are the same in all.

>>> language_of("fr, zh-CN;q=0.9, en;q=0.8")
'zh'
>>> translated("The server is about to stop.", "zh")
'服务器即将停止。'
"""

from __future__ import annotations

from functools import cache

from torso.core.sentences import Sentences
from torso.serving.sentences_zh import SENTENCES

__all__ = ["TAGS", "language_of", "translated"]

TAGS = {"en": "en", "zh": "zh-CN"}
"""Language -> its tag in `Content-Language`."""
_LONGEST = 1000
"""Characters of a sentence that is looked up: strangers' names may be of any length."""


def language_of(accepted: str) -> str:
    """Return the known language that a header `Accept-Language` likes best: `en` or `zh`."""
    liked = []
    for part in accepted[:_LONGEST].split(","):
        tag, _, weight = part.partition(";")
        language = tag.strip().lower().partition("-")[0]
        if language in TAGS:
            liked.append((_weight(weight), language))
    # The first of those that are liked alike.
    return max(liked, key=lambda entry: entry[0])[1] if liked else "en"


def translated(text: str, language: str) -> str:
    """Return a sentence of the server in a language; English where the catalogue lacks it."""
    if language == "en" or len(text) > _LONGEST:
        return text
    return _chinese()(text) or text


@cache
def _chinese() -> Sentences:
    return Sentences(SENTENCES)


def _weight(text: str) -> float:
    name, _, value = text.strip().partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
