"""A notebook in a kernel of its own: the bar, the notes and the tables, readable on light and dark pages."""

import re

import pytest

NEEDED = "a notebook is run by nbclient and ipykernel"
nbclient = pytest.importorskip("nbclient", reason=NEEDED)
nbformat = pytest.importorskip("nbformat.v4", reason=NEEDED)
pytest.importorskip("ipykernel", reason=NEEDED)

FIT = """
import numpy as np, pandas as pd, torso
draw = np.random.default_rng(0)
kind = draw.choice(["a", "b"], 80)
table = pd.DataFrame({"<b>": draw.normal(size=80), "leak": np.char.add(kind, "!"), "kind": kind})
settings = {"training.epochs": 3, "dim": 8, "folds": 2, "blend": "off", "data.cache": None}
run = torso.fit(table, ["kind"], settings=settings)
"""
ASK = "run.predict(table.head(2), details=True)"
SILENT = "torso.fit(table[['<b>', 'kind']], ['kind'], settings={**settings, 'folds': 0}, progress=False);"


def html_of(cell) -> list[str]:
    return [
        output.data["text/html"] for output in cell.outputs if "text/html" in output.get("data", {})
    ]


def test_a_fit_in_a_notebook(tmp_path):
    cells = [nbformat.new_code_cell(code) for code in (FIT, "run", "run.reports", ASK, SILENT)]
    notebook = nbformat.new_notebook(cells=cells)
    context = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources=context
    ).execute()
    fit, run, reports, asked, silent = notebook.cells

    [bar] = html_of(fit)
    assert "epoch   3" in bar and "Training ended: all epochs." in bar
    assert "2 networks are trained" in bar and "<progress" not in bar
    warned = "".join(output.text for output in fit.outputs if output.get("name") == "stderr")
    assert warned.count("TorsoWarning") == 1 and "leak: leaks the target" in warned

    [shown], [table] = html_of(run), html_of(reports)
    assert table in shown and "<td>kind</td><td>binary</td><td>AUROC</td>" in table
    assert "leak: leaks the target" in shown and "2 networks are trained" in shown
    [answers] = html_of(asked)
    assert "kind_probability" in answers and "2 of its 2 rows equal rows" in answers
    for page in (bar, shown, table):
        assert "<b>" not in page
        assert not re.search(r"colou?r|style=|<font", page), "the page's own colours, light or dark"
    assert silent.outputs == []
