"""Pictures of `benchmarks/results` can be read where pages show them, 830 pixels wide."""

import re

import pytest

from tests.places import ROOT

PAGE = 830 / 96
"""Inches of a page's column."""


@pytest.mark.parametrize(
    "path", sorted((ROOT / "benchmarks/results").glob("*.png")), ids=lambda path: path.stem
)
def test_a_picture_is_no_wider_than_a_page(path):
    image = pytest.importorskip("PIL.Image")
    with image.open(path) as picture:
        across = picture.width / picture.info["dpi"][0]
    assert across <= PAGE, f"{across:.1f} inches: draw it by benchmarks/picture_style.py"


def test_labels_have_nine_points():
    small = []
    for path in (ROOT / "benchmarks").rglob("*.py"):
        code = path.read_text(encoding="utf-8")
        small += [
            f"{path.relative_to(ROOT)}: {size}"
            for size in re.findall(r"(?:font|label)size=[0-8](?:\.\d+)?\b", code)
        ]
        if (
            re.search(r"\.savefig\(|import pyplot$", code, re.MULTILINE)
            and path.stem != "picture_style"
        ):
            small.append(f"{path.relative_to(ROOT)}: a style of its own")
    assert small == []


def test_the_page_of_evidence_shows_every_picture():
    page = (ROOT / "docs" / "evidence.md").read_text(encoding="utf-8")
    shown = re.findall(r"!\[.+\]\(\.\./benchmarks/results/(.+\.png)\)", page)
    assert sorted(shown) == sorted(
        path.name for path in (ROOT / "benchmarks/results").glob("*.png")
    )
