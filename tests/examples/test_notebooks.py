"""Each notebook of the examples runs from top to bottom, and is kept without outputs."""

from __future__ import annotations

import pytest

from tests.places import ROOT

NEEDED = "a notebook is run by nbclient and ipykernel"
nbclient = pytest.importorskip("nbclient", reason=NEEDED)
nbformat = pytest.importorskip("nbformat", reason=NEEDED)
pytest.importorskip("ipykernel", reason=NEEDED)
NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_runs_from_top_to_bottom(path, tmp_path):
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code and all(not cell.outputs and cell.execution_count is None for cell in code)
    context = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(
        notebook, timeout=240, kernel_name="python3", resources=context
    ).execute()
    shown = [output for cell in code for output in cell.outputs]
    assert sum("text/html" in output.get("data", {}) for output in shown) >= 2  # scores, answers
    printed = "".join(output.text for output in shown if output.get("name") == "stdout")
    assert printed.count("[") >= 2  # an interval of each fusion


def test_there_is_a_notebook():
    assert NOTEBOOKS
