"""Each kind of input by hand-worked numbers."""

import numpy as np
import pytest

from torso.columns.inputs import (
    AudioInput,
    CategoryInput,
    DatetimeInput,
    ImageInput,
    NumberInput,
    SequenceInput,
    TextInput,
    VectorInput,
)
from torso.columns.reading import Reading
from torso.tables.table import read_table


def column(values):
    return read_table({"x": values}).column("x")


def batch(kind, values, fit=None):
    if fit is not None:
        kind.fit(column(fit))
    return kind.source(column(values), Reading()).batch(np.arange(len(values)))


def test_numbers_are_standardised_by_the_training_rows():
    values, mask = batch(NumberInput(), [3.0, 1.0, None, 7.0], fit=[1.0, 5.0, None])
    np.testing.assert_allclose(values[:, 0], [0.0, -1.0, 0.0, 2.0])
    assert mask[:, 0].tolist() == [True, True, False, True]


def test_a_constant_number_is_only_shifted():
    values, _ = batch(NumberInput(), [7.0, 8.0], fit=[7.0, 7.0])
    np.testing.assert_allclose(values[:, 0], [0.0, 1.0])


def test_infinite_numbers_are_missing_and_told():
    reading, kind = Reading(), NumberInput()
    kind.fit(column([1.0, float("inf"), 3.0]))
    assert (kind.mean, kind.std) == ([2.0], [1.0])
    _, mask = kind.source(column([1.0, float("-inf")]), reading).batch(np.arange(2))
    assert mask[:, 0].tolist() == [True, False]
    assert [(cell.row, cell.cell, cell.reason) for cell in reading.log.skipped] == [
        (2, "-inf", "not a finite number")
    ]


def test_quantiles_are_those_of_the_training_rows():
    kind = NumberInput()
    kind.fit(column([float(x) for x in range(101)]))
    edges = np.array(kind.quantiles[0])
    found = edges * kind.std[0] + kind.mean[0]
    assert len(found) == 33
    np.testing.assert_allclose(found, np.linspace(0, 100, 33), atol=1.0)


def test_a_frequent_value_leaves_bins_for_the_others():
    kind = NumberInput()
    kind.fit(column([0.0] * 920 + [float(x) for x in range(1, 81)]))
    edges = np.array(kind.quantiles[0]) * kind.std[0] + kind.mean[0]
    assert (np.diff(edges) > 0).sum() >= 30  # plain quantiles would keep three bins of 32


def test_few_values_are_their_own_edges():
    kind = NumberInput()
    kind.fit(column([3.0, 1.0, 2.0, 2.0]))
    edges = np.array(kind.quantiles[0]) * kind.std[0] + kind.mean[0]
    np.testing.assert_allclose(np.unique(edges.round(6)), [1, 2, 3])


def test_a_moment_is_a_year_and_three_circles():
    kind = DatetimeInput()
    found = kind.floats(column(["2024-01-01", "2024-01-01T06:00:00", "2024-01-08"]), Reading())
    np.testing.assert_allclose(found[0, 0], 2024)
    np.testing.assert_allclose(found[0, 1:3], [0, 1], atol=1e-9)  # the year begins
    np.testing.assert_allclose(found[0, 3:5], [0, 1], atol=1e-9)  # on a Monday
    np.testing.assert_allclose(found[0, 5:7], [0, 1], atol=1e-9)  # at midnight
    np.testing.assert_allclose(found[1, 5:7], [1, 0], atol=1e-9)  # a quarter of a day later
    np.testing.assert_allclose(found[2, 3:5], found[0, 3:5], atol=1e-9)  # a week later


def test_categories_are_ranked_and_the_unseen_share_an_index():
    kind = CategoryInput(most=2)
    values, mask = batch(kind, ["b", "a", "c", "z", None], fit=["a", "b", "b", "c", "a", "b"])
    assert kind.values == ["b", "a"]
    assert values[:, 0].tolist() == [1, 2, 0, 0, 0]
    assert mask[:, 0].tolist() == [True, True, True, True, False]
    assert kind.offered() == {"cardinalities": [3]}


def test_texts_know_every_character_and_are_cut():
    kind = TextInput(length=5)
    values, mask = batch(kind, ["hello world", "Ĝis revido 你好", "   "], fit=["hello world"] * 9)
    assert values.shape[1] <= 5
    assert mask.any(axis=1).tolist() == [True, True, False]
    ids = kind.source(column(["hello WORLD"]), Reading()).batch(np.array([0]))[0][0]
    assert kind.tokenizer.decode(ids.tolist()).strip() == "hello world"
    assert values.max() < kind.offered()["vocabulary"]


def test_vectors_of_another_width_are_missing():
    fit = [[1.0, 2.0], [3.0, 4.0]]
    _, mask = batch(VectorInput(), [[1.0, 2.0, 3.0], [1.0, 2.0]], fit=fit)
    assert mask.tolist() == [False, True]


def test_a_hole_in_a_vector_is_its_mean():
    values, mask = batch(VectorInput(), [[2.0, None], [4.0, 8.0]], fit=[[2.0, 6.0], [4.0, 10.0]])
    np.testing.assert_allclose(values, [[-1, 0], [1, 0]])
    assert mask.all()


def test_sequences_are_standardised_over_all_steps():
    values, mask = batch(
        SequenceInput(length=2), [[[1], [3], [5]], [[2]]], fit=[[[1], [3]], [[1], [3]]]
    )
    np.testing.assert_allclose(values[:, :, 0], [[-1, 1], [0, 0]])
    assert mask.tolist() == [[True, True], [True, False]]


@pytest.mark.parametrize("kind", [NumberInput, VectorInput, SequenceInput])
def test_inputs_far_from_zero_keep_their_detail(kind):
    """Seconds since 1970: in float32 they would be multiples of 128."""
    wrap = {NumberInput: lambda x: x, VectorInput: lambda x: [x], SequenceInput: lambda x: [[x]]}[
        kind
    ]
    cells = [wrap(1.7e9 + off) for off in (-10.0, 10.0, 5.0)]
    values, _ = batch(kind(), cells, fit=cells[:2])
    np.testing.assert_allclose(values.ravel(), [-1.0, 1.0, 0.5])


def test_media_say_what_shapes_their_features():
    assert ImageInput(32).decoder().settings["size"] == 32
    assert AudioInput(mels=9).decoder().settings["mels"] == 9
    assert ImageInput(32).decoder().settings == ImageInput(32, root="elsewhere").decoder().settings


def test_recordings_as_samples():
    audio = AudioInput(rate=8000, layout="samples")
    assert audio.offered() == {"rate": 8000}
    assert audio.decoder().settings != AudioInput(rate=8000).decoder().settings
    assert audio.decoder().dtype == np.int16
    with pytest.raises(ValueError, match=r"should be log_mel or samples. Found 'raw'"):
        AudioInput(layout="raw")
