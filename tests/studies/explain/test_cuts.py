"""Cells in pieces: what is left when some are out."""

import numpy as np

from torso.columns.inputs import AudioInput
from torso.studies.explain.cuts import MOST_WORDS, Regions, Stretches, Words

GRID = 6


def test_words_are_dropped_with_the_blank_behind_them():
    words = Words("a red,  old mug")
    assert [piece.label for piece in words.pieces] == ["a", "red,", "old", "mug"]
    assert words.kept([0, 1, 2, 3]) == "a red,  old mug"
    assert words.kept([1, 3]) == "red,  mug"
    assert words.kept([0]) == "a"
    assert not words.told


def test_scripts_without_blanks_are_cut_by_characters():
    assert [piece.label for piece in Words("很好的手机 OK").pieces] == [*"很好的手机", "OK"]


def test_a_long_text_has_few_pieces_and_says_so():
    text = " ".join(f"w{n}" for n in range(1000))
    words = Words(text)
    assert len(words.pieces) <= MOST_WORDS
    assert words.kept(range(len(words.pieces))) == text
    assert words.told == "1,000 words are left out 32 neighbours at a time: 32 pieces."


def test_regions_left_out_take_the_median_colour():
    pixels = np.zeros((16, 12, 3), np.uint8)
    pixels[:4, :4] = 250
    regions = Regions(pixels, GRID)
    assert len(regions.pieces) == GRID**2
    assert (regions.kept(range(GRID**2)) == pixels).all()
    gone = regions.kept(range(1, GRID**2))
    top, left, bottom, right = regions.pieces[0].span
    assert (gone[top:bottom, left:right] == 0).all() and gone.sum() == pixels.sum() - 250 * 3 * (
        bottom * right
    )


def test_stretches_left_out_are_quiet_and_keep_the_length():
    frames = np.linspace(-2, 2, 200, dtype=np.float16)[:, None].repeat(4, axis=1)
    kind = AudioInput(rate=4000, mels=4, hop=0.02)
    stretches = Stretches(frames, kind, 12)
    assert stretches.pieces[0].label == "0.00–0.34 s"
    assert stretches.pieces[-1].span[1] == 200
    without = stretches.kept(range(1, len(stretches.pieces)))
    assert without.shape == frames.shape and (without[:17] == stretches.quiet).all()
    samples = Stretches(np.ones(8000, np.int16), AudioInput(rate=4000, layout="samples"), 12)
    assert samples.kept([0])[-1] == 0 and samples.kept([0])[0] == 1
