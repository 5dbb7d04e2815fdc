"""The flat view by hand, its gaps, and forms that nothing reads."""

import numpy as np
import pytest

from tests.plain.flat.examples import example
from torso.columns.sources import ArraySource, ListSource
from torso.plain.flat import FlatView, Part
from torso.plain.flat.components import directions

EVERY = np.arange(12)


def view_of(*forms):
    examples = {form: example(form) for form in forms}
    view = FlatView([own.part for own in examples.values()])
    columns = {name: cells for own in examples.values() for name, cells in own.columns.items()}
    sources = {form: own.source for form, own in examples.items()}
    return view, columns, sources


def test_modalities_stand_side_by_side():
    view, columns, sources = view_of("numbers", "categories", "sets")
    flat = view.fit(columns, sources, EVERY)
    first = dict(zip(flat.names, flat.dense[0].tolist(), strict=True))
    assert first["category"] == 1
    assert first["Size of set"] == 2
    assert first["set: y"] == first["set: x"] == 1
    assert first["set: z"] == 0
    assert [flat.names[code] for code in flat.codes] == ["category", "binary"]
    fourth = dict(zip(flat.names, flat.dense[3].tolist(), strict=True))
    assert fourth["Missing cells"] == 5
    assert np.isnan(fourth["number"])
    assert np.isnan(fourth["set: y"])


def test_one_entry_a_category_and_a_gap_is_one_too():
    view, columns, sources = view_of("categories")
    flat = view.fit(columns, sources, EVERY)
    assert (flat.sparse.sum(axis=1) == 2).all()


def test_dates_have_positions_in_year_week_and_day():
    view, columns, sources = view_of("numbers")
    flat = view.fit(columns, sources, EVERY)
    first = dict(zip(flat.names, flat.dense[0].tolist(), strict=True))
    assert first["datetime in year"] == pytest.approx(62 / 365.2425, abs=1e-3)  # 4 March
    assert first["datetime in week"] == pytest.approx(3 / 7, abs=1e-3)  # a Thursday


def test_names_are_compared_without_capitals():
    view, columns, sources = view_of("names")
    flat = view.fit(columns, sources, EVERY)
    width = view.modalities["names"].columns["name"].offered()["cardinalities"][0]
    codes = flat.sparse[[0, 2], :width].toarray()
    np.testing.assert_array_equal(codes[0], codes[1])
    assert codes[0].any()
    assert flat.dense[0, 0] == flat.dense[2, 0]


def test_names_are_read_word_by_word_with_the_texts():
    view, columns, sources = view_of("names", "text")
    flat = view.fit(columns, sources, EVERY)
    assert {"name", "Frequency of name", "Length of name", "Length of text"} <= {*flat.names}
    assert {"Capitals of name", "Signs of text"} <= {flat.names[at] for at in flat.for_trees}
    gaps = flat.dense[:, flat.names.index("Missing cells")]
    assert np.flatnonzero(gaps).tolist() == [2, 3, 6, 9, 10]
    assert gaps.max() == 1


def test_a_form_without_flattener_is_left_out_and_named():
    view, columns, sources = view_of("numbers")
    kinds = {"smell": next(iter(view.modalities["numbers"].columns.values()))}
    both = FlatView([*view.modalities.values(), Part("smell", "smells", kinds)])
    smells = ListSource([np.ones((1, 2))] * 6 + [None] * 6, (2,), np.dtype(float))
    flat = both.fit(columns, {**sources, "smell": smells}, EVERY)
    assert both.left_out == ("smell",)
    assert "Missing smell" in flat.names
    assert len(flat.names) == len(view.fit(columns, sources, EVERY).names) + 1


def test_columns_that_never_vary_are_left_out():
    view, columns, sources = view_of("categories")
    flat = view.fit(columns, sources, np.array([0, 2, 5]))
    assert "category" not in flat.names


def test_directions_are_those_of_a_singular_value_decomposition():
    random = np.random.default_rng(1)
    values = random.standard_normal((50, 3)) @ np.diag([9, 3, 1]) @ random.standard_normal((3, 20))
    own = directions(values, 5)
    _, _, vectors = np.linalg.svd(values, full_matrices=False)
    assert own.shape == (20, 3)
    scores = values @ own
    np.testing.assert_allclose(np.square(scores).mean(axis=0), 1, rtol=1e-3)
    for vector, direction in zip(vectors, own.T, strict=False):
        cosine = abs(vector @ direction) / np.linalg.norm(direction)
        assert cosine == pytest.approx(1, abs=1e-4)


def test_rows_are_laid_out_some_at_a_time(monkeypatch):
    forms = ("numbers", "categories", "names", "image")
    view, columns, sources = view_of(*forms)
    whole = view.fit(columns, sources, EVERY)
    monkeypatch.setattr("torso.plain.flat.view._AT_ONCE", 5)
    for parts in (view.flat(columns, sources), view.fit(columns, sources, EVERY)):
        np.testing.assert_allclose(parts.dense, whole.dense, atol=1e-4)
        np.testing.assert_allclose(parts.sparse.toarray(), whole.sparse.toarray())


def test_an_encoded_modality_is_read_twice():
    own, tokens = example("image"), example("encoded")
    tokens.source.read = own.source
    view = FlatView([own.part])
    flat = view.fit(own.columns, {"image": tokens.source}, EVERY)
    assert "image colourfulness" in flat.names
    assert "image component 1" in flat.names
    with pytest.raises(ValueError, match="should be encoded, as in the fit"):
        view.flat(own.columns, {"image": own.source})


def test_far_numbers_keep_their_order():
    view, columns, _ = view_of("numbers")
    values = np.zeros((12, 8), np.float32)
    values[:4, 0] = [-1e6, 3.0, 50.0, 1e6]
    source = ArraySource(values, np.ones((12, 8), bool))
    flat = view.fit(columns, {"numbers": source}, EVERY)
    far = 20 + np.log1p(np.array([1e6 - 20, 30]))
    np.testing.assert_allclose(flat.dense[:4, 0], [-far[0], 3, far[1], far[0]], rtol=1e-5)


def test_pictures_of_many_rows_are_told_in_more_detail(monkeypatch):
    view, columns, sources = view_of("image")
    few = view.fit(columns, sources, EVERY)
    monkeypatch.setattr("torso.plain.flat.image._ENOUGH", 5)
    many = view.fit(columns, sources, EVERY)
    assert set(few.names) < set(many.names)
    assert "image thumbnail 1" in many.names
