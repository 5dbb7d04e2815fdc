"""Sentences of runs and studies in Chinese: the catalogue follows the source, and what it lacks stays English."""

from __future__ import annotations

import ast
from pathlib import Path
from string import Formatter

import pytest

import torso
from torso.core.sentences import Sentences
from torso.reports.words import SENTENCES, Words
from torso.serving.sentences_zh import SENTENCES as OF_SERVER

SOURCE = Path(torso.__file__).parent
ALL = {**SENTENCES["zh"], **OF_SERVER}


def strings_of_the_source() -> str:
    """Return all strings of the code, where f-strings are cut at their fields."""
    texts = []
    for file in SOURCE.rglob("*.py"):
        if "words" not in file.parts and file.stem != "sentences_zh":
            texts += [
                node.value
                for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
                if isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and " " in node.value
            ]
    return "\0".join(texts)


def test_templates_are_made_of_the_words_of_the_source():
    """Half of the triples of words are in the source; plurals are put together there while it runs."""
    source = strings_of_the_source()
    gone = []
    for template in ALL:
        triples = [
            " ".join(words[at : at + 3])
            for fixed, _, _, _ in Formatter().parse(template)
            for words in [fixed.split()]
            for at in range(len(words) - 2)
        ]
        known = sum(triple in source for triple in triples)
        if triples and 2 * known < len(triples):
            gone.append((template, known, len(triples)))
    assert gone == []


def test_both_sides_have_the_same_fields():
    for template, translated in ALL.items():
        fields, own = (
            {name for _, name, _, _ in Formatter().parse(text) if name}
            for text in (template, translated)
        )
        assert own <= fields, template
        assert "{" not in translated.replace("{{", "") or own, template


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        (
            "Kind (left out): Every cell that has a value says 'a: b': nothing to learn from.",
            "Kind（没有使用）：有值的单元格都是 'a: b'：没有可学的。",
        ),
        ("one model per task", "每个任务一个模型"),
        ("Altitude: Read as numbers: in the unit 'm'; of ranges the middle and the width.", None),
        ("2 cells of 'x' counted as missing; the first: row 3, 'y': not a number", None),
    ],
)
def test_cells_and_figures_are_kept(english, chinese):
    told = Words("zh").sentence(english)
    assert told is not None and told != english
    assert chinese is None or told == chinese
    assert Words("en").sentence(english) == english


def test_what_is_not_known_stays_english_as_a_whole():
    told = Sentences({"{column}: {why:sentence}": "{column}：{why}", "A {x}.": "甲 {x}。"})
    assert told("size: nobody knows this") is None
    assert told("A 1. A {b}.") == "甲 1。甲 {b}。"
    assert told("A 1. Unknown.") is None
