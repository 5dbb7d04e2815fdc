"""What the terminal shows."""

import io

import numpy as np
from rich.console import Console

from torso.app.terminal import IN_PIPE, results_table
from torso.tasks import Details, Estimate, TaskReport, evaluate_task, fit_baseline


def shown(reports, width=80):
    screen = io.StringIO()
    Console(file=screen, width=width).print(results_table(reports, width))
    return [" ".join(line.split()) for line in screen.getvalue().splitlines()]


def report(**changes):
    plain = {
        "kind": "category",
        "rows": 1200,
        "labels": 1000,
        "groups": None,
        "headline": "accuracy",
        "metrics": {"log_loss": Estimate(1.5, 1.25, 1.75), "accuracy": Estimate(0.5, 0.45, 0.55)},
        "baseline": {"log_loss": 1.6, "accuracy": 0.2},
        "errors": ("log_loss",),
    }
    return TaskReport(**(plain | changes))


def test_headline_first_with_interval_baseline_and_verdict():
    lines = shown({"genre": report()})
    assert "genre accuracy 0.500 [0.450, 0.550] 0.200 better" in lines
    assert "category log loss 1.500 [1.250, 1.750] 1.600 no better" in lines
    assert "1,000 of 1,200 labels" in lines
    assert "1,000 labels" in shown({"genre": report(rows=1000)})
    assert "in 40 groups" in shown({"genre": report(groups=40)})


def test_a_narrow_terminal_keeps_words_whole():
    lines = shown({"Processing.Method": report(), "y": report(rows=1000)}, width=60)
    assert "Processing.Method category, 1,000 of 1,200 labels" in lines
    assert lines.count("accuracy 0.500 [0.450, 0.550] 0.200 better") == 2
    assert "y category, 1,000 labels" in lines


def test_a_long_name_breaks_between_words():
    lines = shown({"Flavor.Score.of.the.whole.Cup": report()})
    assert lines[4].startswith("Flavor.Score.of.the. accuracy 0.500")
    assert lines[5].startswith("whole.Cup log loss 1.500")


def test_in_a_pipe_every_line_names_its_task():
    screen = io.StringIO()
    Console(file=screen, width=IN_PIPE).print(
        results_table({"y": report(), "z": report()}, IN_PIPE)
    )
    lines = [" ".join(line.split()) for line in screen.getvalue().splitlines()]
    for task in "yz":
        for metric in (
            "accuracy 0.500 [0.450, 0.550] 0.200 better",
            "log loss 1.500 [1.250, 1.750]",
        ):
            [line] = [line for line in lines if line.startswith(f"{task} {metric}")]
            assert line.endswith("category, 1,000 of 1,200 labels")


def test_every_kind_fits_80_columns():
    rng = np.random.default_rng(0)
    wide, yes = rng.random((300, 3)), rng.integers(0, 2, (300, 3)).astype(float)
    cases = {
        "category": (wide / wide.sum(axis=1, keepdims=True), rng.integers(0, 3, 300)),
        "binary": (wide[:, 0], yes[:, 0]),
        "number": (wide[:, 0] * 1e5, yes[:, 0] * 1e5),
        "vector": (wide, yes),
        "multilabel": (wide, yes),
        "ordinal": (wide / wide.sum(axis=1, keepdims=True), rng.integers(0, 3, 300)),
        "count": (wide[:, 0] * 1e4, np.floor(wide[:, 1] * 1e4)),
        "survival": (wide[:, 0], np.stack([wide[:, 1], yes[:, 0]], axis=1)),
    }
    details = {"low": wide[:, 0] - 1, "high": wide[:, 0] + 2e5, "log_loss": wide[:, 0] - 12.3}
    reports = {
        kind: evaluate_task(
            kind,
            *pair,
            fit_baseline(kind, pair[1]),
            details=Details(details if kind in ("number", "count", "survival") else {}, 0.9),
            resamples=50,
        )
        for kind, pair in cases.items()
    }
    lines = shown(reports)
    assert not any("…" in line for line in lines)
    for kind in cases:
        assert any(line.startswith(kind) for line in lines)
    assert any(line.startswith("binary AUROC 0.") for line in lines)
    assert any(line.startswith("number R² -") for line in lines)
    assert any("no better" in line for line in lines)
    assert any(line.startswith("count D² ") for line in lines)
    assert any(line.startswith("coverage 1.000 ") and line.endswith("too wide") for line in lines)


def test_undefined_is_a_dash():
    truth = np.array([0, 0, 0])
    probability = np.eye(3)[[0, 1, 0]]
    found = evaluate_task("category", probability, truth, fit_baseline("category", truth))
    assert "3 labels AUROC – – undefined" in shown({"same": found})
    empty = evaluate_task("category", probability, truth - 1, fit_baseline("category", truth))
    assert "none accuracy – – no labels" in shown({"none": empty})
    one = evaluate_task("category", probability[:1], truth[:1], fit_baseline("category", truth))
    assert "one accuracy 1.000 1.000 no interval" in shown({"one": one})


def test_names_are_text_not_markup():
    assert any(
        line.startswith("[red]x[/red] accuracy") for line in shown({"[red]x[/red]": report()})
    )


def test_no_reports_is_an_empty_table():
    assert any("verdict" in line for line in shown({}))
