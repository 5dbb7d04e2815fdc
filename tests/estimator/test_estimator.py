"""`torso.Estimator` does what scikit-learn asks of an estimator, on frames with columns of all kinds."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy.sparse import csr_array, csr_matrix
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_estimator

import torso
from torso import Estimator
from torso.core.errors import ConfigError, DataError

SMALL = {"dim": 8, "epochs": 3, "batch_size": 16, "lr": 0.01, "device": "cpu"}
WORDS = {"red": "a red apple on the table", "blue": "the blue sea at night"}


def frame(rows: int = 60, seed: int = 0) -> pd.DataFrame:
    """Return text, category and number columns with gaps; the text says the colour, the number the size."""
    draw = np.random.default_rng(seed)
    colour = draw.choice(list(WORDS), rows)
    table = pd.DataFrame(
        {
            "note": np.array([WORDS[one] for one in colour], dtype=object),
            "shop": draw.choice(["north", "south"], rows).astype(object),
            "weight": draw.normal(size=rows),
            "colour": colour.astype(object),
        },
        index=np.arange(rows) * 2,
    )
    table["size"] = 3 * table["weight"] + 10
    table.loc[table.index[::7], "note"] = None
    table.loc[table.index[::5], "weight"] = np.nan
    return table


INPUTS = ["note", "shop", "weight"]


@pytest.fixture(scope="module")
def fitted() -> Estimator:
    rows = frame()
    return Estimator(kind="category", **SMALL).fit(rows[INPUTS], rows["colour"])


class TestParameters:
    def test_are_stored_as_given_and_survive_a_clone(self) -> None:
        own = Estimator(
            kind={"kind": "ordinal", "order": ["a", "b"]}, settings={"training.patience": 2}, dim=8
        )
        assert own.get_params()["dim"] == 8
        assert clone(own).get_params() == own.get_params()
        assert own.set_params(fusion="gated").fusion == "gated"

    def test_reach_the_run(self, fitted: Estimator) -> None:
        run = fitted.predictor_.config
        assert (run.dim, run.training.epochs, run.training.batch_size) == (8, 3, 16)

    def test_settings_win(self) -> None:
        rows = frame(24)
        own = Estimator(kind="category", settings={"training.epochs": 1}, **SMALL)
        assert own.fit(rows[INPUTS], rows["colour"]).predictor_.config.training.epochs == 1

    def test_a_bar_is_drawn_on_request_only(self, capfd: pytest.CaptureFixture[str]) -> None:
        rows = frame(30)
        for progress, drawn in ((False, False), ("auto", False), (True, True)):
            own = Estimator(kind="category", **{**SMALL, "epochs": 1}, progress=progress)
            own.fit(rows[INPUTS], rows["colour"])
            assert ("held-out loss" in capfd.readouterr().err) == drawn, progress

    def test_settings_that_are_no_mapping_are_refused(self) -> None:
        rows = frame(24)
        with pytest.raises(ConfigError, match=r"`settings` should be a mapping.*list"):
            Estimator(settings=["dim"]).fit(rows[INPUTS], rows["colour"])

    @pytest.mark.parametrize(
        ("kind", "classifies", "regresses"),
        [("category", True, False), ("number", False, True), (None, False, False)],
    )
    def test_say_what_it_is_before_it_is_fitted(
        self, kind: str | None, classifies: bool, regresses: bool
    ) -> None:
        assert is_classifier(Estimator(kind=kind)) is classifies
        assert is_regressor(Estimator(kind=kind)) is regresses

    def test_predict_proba_is_not_offered_for_numbers(self) -> None:
        assert not hasattr(Estimator(kind="number"), "predict_proba")
        assert hasattr(Estimator(kind="category"), "predict_proba")


class TestAnswers:
    def test_classes_in_the_words_of_the_labels(self, fitted: Estimator) -> None:
        rows = frame(20, seed=1)
        assert fitted.classes_.tolist() == ["blue", "red"]
        answers = fitted.predict(rows[INPUTS])
        assert answers.shape == (20,)
        assert set(answers) <= {"blue", "red"}

    def test_probabilities_sum_to_one_and_agree(self, fitted: Estimator) -> None:
        rows = frame(20, seed=1)
        found = fitted.predict_proba(rows[INPUTS])
        assert found.shape == (20, 2)
        np.testing.assert_allclose(found.sum(1), 1, atol=1e-6)
        assert (fitted.classes_[found.argmax(1)] == fitted.predict(rows[INPUTS])).all()

    def test_score_is_accuracy_over_the_labelled_rows(self, fitted: Estimator) -> None:
        rows = frame(20, seed=1)
        rows.loc[rows.index[3], "colour"] = None
        known = rows["colour"].notna().to_numpy()
        right = fitted.predict(rows[INPUTS])[known] == rows["colour"].to_numpy()[known]
        assert fitted.score(rows[INPUTS], rows["colour"]) == pytest.approx(right.mean())

    def test_integer_classes_keep_their_type(self) -> None:
        rows = frame(24)
        codes = (rows["colour"] == "red").to_numpy().astype(np.int16) * 5
        own = Estimator(kind="category", **SMALL).fit(rows[INPUTS], codes)
        assert own.classes_.tolist() == [0, 5]
        assert own.predict(rows[INPUTS]).dtype == np.int16

    def test_several_targets_come_back_as_a_frame_with_its_index(self) -> None:
        rows = frame(30)
        rows.loc[rows.index[:10], "size"] = np.nan
        kinds = {"colour": "category", "size": "number"}
        own = Estimator(kind=kinds, **SMALL).fit(rows[INPUTS], rows[["colour", "size"]])
        answers = own.predict(rows[INPUTS])
        assert list(answers.columns) == own.target_names_ == ["colour", "size"]
        assert answers.index.equals(rows.index)
        assert answers["size"].dtype == np.float64
        assert len(own.predict_proba(rows[INPUTS])) == 1
        colour, size = (
            own.predictor_.evaluate(rows, resamples=0)[name].metrics[metric].value
            for name, metric in (("colour", "accuracy"), ("size", "r2"))
        )
        assert own.score(rows[INPUTS], rows[["colour", "size"]]) == pytest.approx(
            (colour + size) / 2
        )

    def test_an_array_of_targets_comes_back_as_one(self) -> None:
        draw = np.random.default_rng(0)
        X = draw.normal(size=(30, 4)).astype(np.float32)
        own = Estimator(kind="number", **SMALL).fit(X, X[:, :2] * 2)
        assert own.target_names_ == ["target0", "target1"]
        assert own.predict(X).shape == (30, 2)

    @pytest.mark.parametrize("kind", ["polars", "mappings", "arrow"])
    def test_other_forms_of_rows_give_the_same(self, fitted: Estimator, kind: str) -> None:
        rows = frame(12, seed=2)[INPUTS]
        expected = fitted.predict_proba(rows)
        clean = rows.astype(object).where(rows.notna(), None)
        other = {
            "polars": lambda: pl.from_pandas(rows.reset_index(drop=True)),
            "mappings": lambda: clean.to_dict("records"),
            "arrow": lambda: pl.from_pandas(rows.reset_index(drop=True)).to_arrow(),
        }[kind]()
        np.testing.assert_allclose(fitted.predict_proba(other), expected, atol=1e-6)

    @pytest.mark.parametrize(
        "labels",
        [
            lambda y: pl.Series("colour", y.to_numpy()),
            lambda y: pl.Series("colour", y.to_numpy(), dtype=pl.Categorical),
            lambda y: pa.array(y.to_numpy()),
            lambda y: pa.chunked_array([y.tolist()[:9], y.tolist()[9:]]),
            lambda y: pd.Series(y.to_numpy(), index=y.index[::-1]),  # by position, as scikit-learn
            lambda y: y.to_frame().set_index(y.index[::-1]),
        ],
    )
    def test_other_forms_of_labels_give_the_same(self, fitted: Estimator, labels) -> None:
        rows = frame()
        own = Estimator(kind="category", **SMALL).fit(rows[INPUTS], labels(rows["colour"]))
        expected = fitted.predict_proba(rows[INPUTS])
        np.testing.assert_allclose(own.predict_proba(rows[INPUTS]), expected, atol=1e-6)
        assert own.score(rows[INPUTS], labels(rows["colour"])) == pytest.approx(
            fitted.score(rows[INPUTS], rows["colour"])
        )

    def test_texts_alone_are_rows(self) -> None:
        rows = frame()
        notes, colours = rows["note"], rows["colour"].tolist()
        column = Estimator(kind="category", **SMALL).fit(notes.to_frame("text"), colours)
        expected = column.predict_proba(notes.to_frame("text"))
        plain = pl.from_pandas(notes).to_list()
        forms = (notes.tolist(), notes.to_numpy(), notes.rename(None), pl.Series(plain))
        for texts in (*forms, pa.array(plain), tuple(notes)):
            own = Estimator(kind="category", **SMALL).fit(texts, colours)
            assert list(own.feature_names_in_) == ["text"]
            np.testing.assert_allclose(own.predict_proba(texts), expected, atol=1e-6)
            assert len(own.predict(texts[:1])) == 1
        np.testing.assert_allclose(column.predict_proba(notes), expected, atol=1e-6)
        named = Estimator(kind="category", **SMALL).fit(notes, rows[["colour"]])
        assert list(named.feature_names_in_) == ["note"]
        assert named.predict(notes).index.equals(notes.index)
        found = cross_val_score(
            Estimator(kind="category", **SMALL), notes.tolist(), colours, error_score="raise", cv=2
        )
        assert found.shape == (2,)

    def test_a_pickle_answers_alike(self, fitted: Estimator) -> None:
        rows = frame(12, seed=2)[INPUTS]
        again = pickle.loads(pickle.dumps(fitted))
        np.testing.assert_allclose(again.predict_proba(rows), fitted.predict_proba(rows), atol=1e-7)
        assert again.classes_.tolist() == fitted.classes_.tolist()


class TestErrors:
    def test_a_target_called_like_an_input(self) -> None:
        rows = frame(24)
        with pytest.raises(DataError, match=r"input or a target, not both.*\['colour'\]"):
            Estimator(**SMALL).fit(rows, rows["colour"])

    def test_another_number_of_targets_in_score(self) -> None:
        X = np.random.default_rng(0).normal(size=(24, 3))
        own = Estimator(kind="number", **SMALL).fit(X, X[:, :2])
        with pytest.raises(DataError, match=r"targets \['target0', 'target1'\]. Found 1"):
            own.score(X, X[:, 0])

    def test_sparse_matrices_and_numbers_alone(self) -> None:
        draw = np.random.default_rng(0)
        X, y = draw.normal(size=(24, 3)), draw.normal(size=24)
        for sparse in (csr_matrix(X), csr_array(X)):
            with pytest.raises(TypeError, match=r"Sparse data.*X\.toarray\(\).*no vectoriser"):
                Estimator(kind="number", **SMALL).fit(sparse, y)
            with pytest.raises(DataError, match=r"sparse.*y\.toarray\(\)"):
                Estimator(kind="number", **SMALL).fit(X, sparse)
        with pytest.raises(ValueError, match="Expected 2D array, got 1D array"):
            Estimator(kind="number", **SMALL).fit(y, y)

    def test_one_labelled_row(self) -> None:
        rows = frame(24)
        labels = rows["size"].where(rows.index == 0)
        with pytest.raises(DataError, match=r"at least two rows with a label.*n_samples=1"):
            Estimator(kind="number", **SMALL).fit(rows[INPUTS], labels)

    def test_a_column_that_is_gone(self, fitted: Estimator) -> None:
        with pytest.raises(ValueError, match="note"):
            fitted.predict(frame(5)[["shop", "weight"]])


class TestScikitLearn:
    def test_cross_validation_on_a_frame(self) -> None:
        rows = frame(60)
        settings = {**SMALL, "epochs": 20}
        found = cross_val_score(
            Estimator(kind="category", **settings), rows[INPUTS], rows["colour"], cv=3
        )
        assert found.shape == (3,)
        assert np.mean(found) > 0.75, "the text names the colour in six rows of seven"

    def test_grid_search_over_a_pipeline(self) -> None:
        rows = frame(45)
        steps = Pipeline(
            [
                (
                    "shorter",
                    FunctionTransformer(lambda table: table.assign(half=table["weight"] / 2)),
                ),
                ("torso", Estimator(kind="number", **SMALL)),
            ]
        )
        search = GridSearchCV(
            steps, {"torso__fusion": ["concat", "gated"], "torso__dim": [8]}, cv=2
        )
        search.fit(rows[INPUTS], rows["size"])
        assert search.best_params_["torso__fusion"] in ("concat", "gated")
        assert np.isfinite(search.cv_results_["mean_test_score"]).all()
        assert search.predict(rows[INPUTS]).shape == (45,)

    def test_groups_stay_together(self) -> None:
        rows = frame(40)
        groups = np.arange(40) // 4
        own = Estimator(kind="category", validation=0.3, **SMALL)
        own.fit(rows[INPUTS], rows["colour"], groups=groups)
        assert list(own.predict(rows[INPUTS])) == list(own.predict(rows[INPUTS]))
        found = cross_val_score(own, rows[INPUTS], rows["colour"], groups=groups, cv=GroupKFold(2))
        assert np.isfinite(found).all()

    def test_sample_weight_reaches_the_run(self) -> None:
        rows = frame()
        rows["sample_weight"] = rows["weight"]
        weights = np.where(rows["colour"] == "red", 5.0, 1.0)
        weights[:3] = 0
        own = Estimator(kind="category", **SMALL)
        own.fit(rows[[*INPUTS, "sample_weight"]], rows["colour"], sample_weight=weights)
        run = own.predictor_
        assert run.config.data.weight not in run.schema.inputs
        assert any("rows of weight 0 are left out" in note for note in run.notes)
        weights[4] = -1
        with pytest.raises(DataError, match=r"row 5, .*a weight should be a number of 0 or more"):
            own.fit(rows[INPUTS], rows["colour"], sample_weight=weights)
        with pytest.raises(ValueError, match="sample_weight"):
            own.fit(rows[INPUTS], rows["colour"], sample_weight=weights[:4])

    @pytest.mark.parametrize("kind", ["category", "number"])
    def test_passes_scikit_learns_own_checks(self, kind: str) -> None:
        known = {
            "check_classifiers_one_label": "a target of one class is refused in other words",
            "check_classifiers_one_label_sample_weights": "a target of one class is refused in other words",
            "check_classifiers_regression_target": "a category may be any value, numbers with decimals too",
            "check_classifiers_train": "an epoch does not learn",
            "check_regressors_train": "an epoch does not learn",
            "check_sample_weight_equivalence_on_dense_data": "batches hold other rows",
        }
        own = Estimator(kind=kind, epochs=1, dim=8, device="cpu")
        results = check_estimator(own, on_fail=None, on_skip=None, expected_failed_checks=known)
        failed = [
            f"{one['check_name']}: {one['exception']!r}"
            for one in results
            if one["status"] == "failed"
        ]
        assert len(results) > 40
        assert not failed

    def test_learns_what_scikit_learn_expects_of_a_regressor(self) -> None:
        draw = np.random.default_rng(0)
        X = draw.normal(size=(200, 5))
        y = X[:, 0] - 2 * X[:, 1]
        own = Estimator(kind="number", epochs=40, lr=0.01, device="cpu", seed=1).fit(X, y)
        assert own.score(X, y) > 0.8


def test_is_offered_at_the_top() -> None:
    assert torso.Estimator is Estimator
