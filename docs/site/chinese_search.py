"""Search that finds Chinese: a run of Chinese signs is kept as its pairs, in the index and in what a reader types.

Sphinx's own Chinese search needs a dictionary of words and compares whole queries with them. Pairs need none, and a query
of several words finds the pages with all its pairs.
"""

from __future__ import annotations

import re
from functools import cache

from sphinx.application import Sphinx
from sphinx.search.en import SearchEnglish

WORDS = re.compile(r"[\u3400-\u9fff]+|[^\W\u3400-\u9fff]+")


def split(text: str) -> list[str]:
    """Return the words of a text, each run of Chinese signs as its overlapping pairs."""
    words: list[str] = []
    for word in WORDS.findall(text):
        chinese = "\u3400" <= word[0] <= "\u9fff" and len(word) > 2
        words += [word[i : i + 2] for i in range(len(word) - 1)] if chinese else [word]
    return words


class EnglishAndChinese(SearchEnglish):
    """English stems, Chinese pairs."""

    lang = "en+zh"
    js_splitter_code = r"""
var splitQuery = (query) =>
  (query.match(/[\u3400-\u9fff]+|(?:(?![\u3400-\u9fff])[\p{L}\p{N}_])+/gu) ?? []).flatMap((word) =>
    /^[\u3400-\u9fff]{3,}$/.test(word) ? [...word].slice(1).map((sign, i) => word[i] + sign) : [word]
  );
"""

    @cache  # noqa: B019 - the language lives as long as the build
    def stem(self, word: str) -> str:
        """Return the stem of a word, worked out once."""
        return super().stem(word)

    def split(self, input: str) -> list[str]:
        """Return the words of a text for the index."""
        return split(input)


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the language under its name."""
    app.add_search_language(EnglishAndChinese)
    return {"parallel_read_safe": True}
