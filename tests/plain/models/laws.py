"""Laws of plain models, and tables on which they are checked."""

import warnings

import numpy as np
import pytest
from scipy.sparse import csr_array

from torso.plain.flat.flat import Flat
from torso.plain.models import PlainModel
from torso.tasks._base.response import Response


def table(rows=90, *, numbers=3, words=40, gaps=0.2, seed=0):
    """Return rows with gaps: numbers, a code, words."""
    draws = np.random.default_rng(seed)
    dense = draws.standard_normal((rows, numbers + 1)).astype(np.float32)
    dense[draws.random(dense.shape) < gaps] = np.nan
    codes = draws.integers(0, 4, rows)
    dense[:, numbers] = codes
    sparse = (draws.random((rows, words)) < 0.1).astype(np.float32)
    names = (*(f"number {chr(97 + at)}" for at in range(numbers)), "code")
    return Flat(dense, (numbers,), csr_array(sparse), names)


def folds_of(rows, count=3):
    return np.arange(rows) % count


def responses(flat, seed=0):
    """Return labels of each family, with gaps, that numbers and words explain."""
    draws = np.random.default_rng(seed)
    signal = np.nan_to_num(flat.dense[:, 0]) + flat.sparse[:, [0]].toarray()[:, 0]
    signal = signal + 0.1 * draws.standard_normal(flat.rows)
    signal = ((signal - signal.mean()) / signal.std()).astype(np.float32)
    gaps = draws.random(flat.rows) < 0.1
    classes = np.digitize(signal, [-0.5, 0.5])
    classes[gaps] = -1
    binaries = np.stack([signal > 0, signal < 1], axis=1).astype(np.float32)
    binaries[gaps, 1] = np.nan
    values = np.stack([signal, -signal], axis=1)
    values[gaps, 0] = np.nan
    return [
        Response("classes", classes, 3),
        Response("binaries", binaries),
        Response("values", values),
    ]


def loss(response, said):
    """Return the mean loss of the labelled cells."""
    if response.family == "classes":
        rows = np.flatnonzero(response.values >= 0)
        return -said[rows, response.values[rows]].mean()
    known = ~np.isnan(response.values)
    labels = np.nan_to_num(response.values)
    if response.family == "binaries":
        return (np.logaddexp(0, said) - labels * said)[known].mean()
    return np.square(said - labels)[known].mean()


class LawsOfPlainModels:
    """Laws: `model` is the class under test."""

    model: type[PlainModel]

    @pytest.fixture(autouse=True)
    def no_warnings(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            yield

    def fit(self, flat, response, folds=None):
        folds = folds_of(flat.rows) if folds is None else folds
        return self.model.cross_fit(flat, response, folds, seed=0)

    def usual(self):
        """Return each response with its held-out statements and its model, fitted once on `table()` for all laws."""
        own = type(self)
        if "fitted" not in vars(own):
            own.fitted = [(each, *self.fit(table(), each)) for each in responses(table())]
        return own.fitted

    def test_it_is_filed(self):
        assert PlainModel.registry.find(self.model.name) is self.model

    def test_statements_have_the_form_of_the_family(self):
        flat = table()
        for response, held_out, model in self.usual():
            said = model.predict(flat)
            for statement in (held_out, said):
                assert statement.shape == (flat.rows, response.width)
                assert statement.dtype == np.float64
                assert np.isfinite(statement).all()
                if response.family == "classes":
                    assert np.allclose(np.exp(statement).sum(axis=1), 1)

    def test_what_is_learnt_beats_a_constant(self):
        flat = table(300)
        for response in responses(flat):
            held_out, model = self.fit(flat, response)
            from torso.plain.pooling import constant_statement

            blind = np.tile(constant_statement(response), (flat.rows, 1))
            assert loss(response, held_out) < 0.7 * loss(response, blind)
            assert loss(response, model.predict(flat)) < loss(response, held_out)

    def test_held_out_labels_are_not_seen(self):
        flat, folds = table(), folds_of(90)
        for response in responses(flat):
            other = response.values.copy()
            own = folds == 1
            if response.family == "classes":
                other[own] = (other[own] + 1) % 3
            else:
                other[own] = 1 - other[own]
            first = self.held_out_alone(flat, response, folds)
            second = self.held_out_alone(
                flat, Response(response.family, other, response.classes), folds
            )
            assert np.allclose(first[own], second[own], atol=1e-5)

    def held_out_alone(self, flat, response, folds):
        """Return held-out statements that depend on no choice made out of fold."""
        return self.fit(flat, response, folds)[0]

    def test_saved_and_restored_it_says_the_same_bit_for_bit(self):
        for _, _, model in self.usual():
            values, arrays = model.state()
            again = self.model.restore(values, {k: v.copy() for k, v in arrays.items()})
            other = table(50, seed=1)
            assert np.array_equal(again.predict(other), model.predict(other))

    def test_the_same_seed_gives_the_same_model(self):
        for response, held_out, model in self.usual():
            again, second = self.fit(table(), response)
            assert np.array_equal(held_out, again)
            assert np.array_equal(model.predict(table()), second.predict(table()))

    def test_a_row_alone_is_read_as_among_others(self):
        flat = table()
        for _, _, model in self.usual():
            together = model.predict(flat)
            alone = model.predict(flat.take(np.array([7])))
            assert np.allclose(alone[0], together[7], rtol=1e-5, atol=1e-6)

    def test_models_that_are_asked_at_once_say_what_each_says_alone(self):
        flat = table()
        models = [model for _, _, model in self.usual()]
        said = self.model.at_once(models, flat.dense.shape[1])
        for rows in ([0], [3, 4, 7], range(flat.rows)):
            own = flat.take(np.array(rows))
            for model, statement in zip(models, said(own), strict=True):
                assert np.allclose(statement, model.predict(own), rtol=1e-12, atol=1e-12)

    def test_rows_of_no_fold_are_not_learnt_from(self):
        flat = table()
        folds = folds_of(90)
        folds[60:] = -1
        rows = np.arange(60)
        for response in responses(flat):
            held_out, model = self.fit(flat, response, folds)
            alone, smaller = self.fit(flat.take(rows), response.take(rows), folds[rows])
            assert np.array_equal(held_out[rows], alone)
            assert not held_out[60:].any()
            assert np.array_equal(model.predict(flat), smaller.predict(flat))

    def test_no_row_is_needed_to_predict(self):
        flat = table()
        for response, _, model in self.usual():
            assert model.predict(flat.take(np.zeros(0, int))).shape == (0, response.width)

    @pytest.mark.parametrize("numbers", [0, 2])
    @pytest.mark.parametrize("words", [0, 5])
    def test_parts_of_the_view_may_be_absent(self, numbers, words):
        flat = table(numbers=numbers, words=words)
        labels = Response("values", np.linspace(-1, 1, 90, dtype=np.float32)[:, None])
        held_out, model = self.fit(flat, labels)
        assert np.isfinite(held_out).all()
        assert np.isfinite(model.predict(flat)).all()

    def test_columns_without_a_number_or_of_one_value_do_no_harm(self):
        flat = table()
        flat.dense[:, 1] = np.nan
        flat.dense[:, 2] = 3.0
        for response in responses(flat):
            held_out, model = self.fit(flat, response)
            assert np.isfinite(held_out).all()
            assert np.isfinite(model.predict(table(20, seed=2))).all()

    def test_folds_may_lack_a_class_or_all_labels(self):
        flat, folds = table(), folds_of(90)
        classes = np.where(folds == 1, 2, np.arange(90) % 2)
        gone = np.where(folds == 1, -1, np.arange(90) % 2)
        only = np.where(folds == 1, np.arange(90) % 2, -1)
        binaries = np.where(folds == 1, 1.0, np.nan).astype(np.float32)[:, None]
        values = np.where(folds == 1, np.nan, 0.5).astype(np.float32)[:, None]
        lacking = np.where(folds == 1, 0.5, np.nan).astype(np.float32)[:, None]
        cases = [
            Response("classes", classes, 3),
            Response("classes", gone, 2),
            Response("classes", only, 2),
            Response("classes", np.full(90, -1), 2),
            Response("binaries", binaries),
            Response("binaries", np.full((90, 2), np.nan, np.float32)),
            Response("values", values),
            Response("values", lacking),
            Response("values", np.full((90, 1), np.nan, np.float32)),
        ]
        for response in cases:
            held_out, model = self.fit(flat, response, folds)
            assert np.isfinite(held_out).all()
            assert np.isfinite(model.predict(flat)).all()

    def test_few_rows_many_classes_and_a_single_row(self):
        for rows, count in ((30, 3), (400, 200), (2, 2)):
            flat = table(rows)
            response = Response("classes", np.arange(rows) % count, count)
            held_out, model = self.fit(flat, response, np.arange(rows) // count % 2)
            assert np.isfinite(held_out).all()
            assert np.isfinite(model.predict(flat)).all()
        flat = table(1)
        held_out, model = self.fit(flat, Response("values", np.ones((1, 1), np.float32)))
        assert np.isfinite(held_out).all()
        assert np.isfinite(model.predict(flat)).all()

    def test_infinite_numbers_do_no_harm(self):
        flat = table()
        flat.dense[3, 0] = np.inf
        flat.dense[4, 0] = -np.inf
        flat.dense[5, 1] = 3e38
        for response in responses(table()):
            held_out, model = self.fit(flat, response)
            assert np.isfinite(held_out).all()
            assert np.isfinite(model.predict(flat)).all()
