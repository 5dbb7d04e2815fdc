"""Laws of every flattener, and of the view around it."""

import json

import numpy as np
import pytest

from tests.plain.flat.examples import ROWS, example
from torso.plain.flat import Flattener, FlatView

EVERY = np.arange(ROWS)


def fitted(form):
    own = example(form)
    view = FlatView([own.part])
    if form == "encoded":  # beside a form's own flattener, which here reads nothing
        view = FlatView([type(own.part)(form, "text", own.part.columns)])
    flat = view.fit(own.columns, {form: own.source}, EVERY)
    return own, view, flat


def assert_alike(flat, other):
    np.testing.assert_allclose(flat.dense, other.dense, atol=2e-4)
    np.testing.assert_allclose(flat.sparse.toarray(), other.sparse.toarray(), atol=1e-5)
    assert (flat.names, flat.codes) == (other.names, other.codes)


@pytest.mark.parametrize("form", [*Flattener.registry])
class TestEveryFlattener:
    def test_columns_have_names_and_known_types(self, form):
        _, _, flat = fitted(form)
        assert flat.dense.dtype == np.float32
        assert flat.dense.shape == (ROWS, len(flat.names))
        assert len(set(flat.names)) == len(flat.names) > 0
        assert not np.isinf(flat.dense).any()
        assert flat.sparse.shape[0] == ROWS
        assert np.isfinite(flat.sparse.data).all()
        codes = flat.dense[:, list(flat.codes)]
        codes = codes[~np.isnan(codes)]
        assert (codes >= 0).all()
        assert (codes == codes.round()).all()

    def test_a_row_alone_is_the_row_among_others(self, form):
        own, view, flat = fitted(form)
        for row in (0, 3, ROWS - 1):
            alone = own.only([row])
            assert_alike(view.flat(alone.columns, {form: alone.source}), flat.take(np.array([row])))

    def test_some_rows_in_any_order(self, form):
        own, view, flat = fitted(form)
        rows = np.array([7, 0, 0, 5])
        assert_alike(view.flat(own.columns, {form: own.source}, rows), flat.take(rows))

    def test_state_survives_json(self, form):
        own, view, flat = fitted(form)
        values, arrays = view.state()
        again = FlatView(view.modalities.values())
        again.restore(json.loads(json.dumps(values)), {k: v.copy() for k, v in arrays.items()})
        assert_alike(again.flat(own.columns, {form: own.source}), flat)

    def test_rows_without_the_modality(self, form):
        own, view, flat = fitted(form)
        absent = [row for row in range(ROWS) if not own.source.present()[row]]
        none = own.only(absent[:1])
        flagged = view.flat(none.columns, {form: none.source})
        assert dict(zip(flat.names, flagged.dense[0], strict=True)).get("Missing cells", 1) > 0

    def test_a_fit_on_few_rows(self, form):
        own = example(form)
        kind = "text" if form == "encoded" else form
        for rows in ([0], [0, 1], []):
            view = FlatView([type(own.part)(form, kind, own.part.columns)])
            flat = view.fit(own.columns, {form: own.source}, np.array(rows, int))
            assert len(flat.dense) == ROWS
            assert not np.isinf(flat.dense).any()
