"""Refusals and notes in the language that a request asks for."""

import re
import time

import pytest

from tests.serving.test_refusals import BODIES
from torso.serving.languages import language_of, translated
from torso.serving.refusals import Refusal

ZH = {"Accept_Language": "zh-CN,zh;q=0.9,en;q=0.8"}


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("*", "en"),
        ("zh", "zh"),
        ("fr, zh-Hant;q=0.5, en;q=0.4", "zh"),
        ("zh;q=0.3, en", "en"),
        ("en, zh", "en"),
        ("zh;q=nonsense, en;q=0.1", "en"),
    ],
)
def test_the_language_liked_best(accepted, language):
    assert language_of(accepted) == language


def test_a_refusal_in_chinese_keeps_code_place_and_values(client):
    body = {"row": {"sise": 1}}
    answer = client.ask("POST", "/predict", body, **ZH)
    assert answer.headers["content-language"] == "zh-CN"
    told = answer.json
    assert (told["code"], told["row"], told["column"]) == ("unknown_column", 1, "sise")
    assert told["message"].startswith("第 1 行：没有名为 'sise' 的列。是不是 'size'？已知的有：[")
    assert told["cure"] == "只发送 GET /schema 列出的输入。"
    english = client.ask("POST", "/predict", body)
    assert english.headers["content-language"] == "en"
    assert english.json["message"].startswith("Row 1: Unknown column 'sise'.")


def test_cells_and_their_reasons_in_chinese(client):
    for cell, message in (
        ([1], "第 1 行，'size' 列：应为数，得到的是 [1]。"),
        ("much", "第 1 行，'size' 列：'much'：不是数。"),
    ):
        answer = client.ask("POST", "/predict", {"row": {"size": cell}}, **ZH).json
        assert answer["message"] == message
    answer = client.ask(
        "POST", "/predict?unreadable=missing", {"row": {"size": "much", "note": "a"}}, **ZH
    )
    assert answer.json["notes"] == ["第 1 行，'size' 列：'much' 算作缺失：不是数。"]


def test_every_refusal_of_a_bad_body_is_chinese(client):
    english = re.compile("[a-z]{3,} [a-z]{3,} [a-z]{3,}")  # three words in a row
    for code, bodies in BODIES.items():
        told = client.ask("POST", "/predict", bodies[0], **ZH).json
        assert told["code"] == code
        facts = told["message"].partition("JSON：")[0]  # the reader of JSON gives its own reason
        assert not english.search(facts + told.get("cure", "")), told


def test_a_name_made_to_be_slow_costs_little():
    for name in ("A. " * 330, ": " * 480, "Row 1, column a: " * 58, "Did you mean ? Known: " * 45):
        began = time.process_time()
        refusal = Refusal("bad_request", f"Row 1: {name}")
        assert refusal.body("1", "zh")["message"]
        assert translated(f"Row 1, column {name}: {name}.", "zh")
        assert time.process_time() - began < 1
