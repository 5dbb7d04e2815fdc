"""`/metrics`: requests, batches, gaps, and drift against training."""

import re

import numpy as np
import pyarrow as pa

from tests.serving.live import live
from torso.columns.references import Reference


def figures(client):
    """Return name with labels -> value."""
    text = client.ask("GET", "/metrics").content.decode()
    return {
        name: float(value) for name, value in re.findall(r"^([^#\s].*) (\S+)$", text, re.MULTILINE)
    }


def test_requests_gaps_and_drift_are_counted(run, json_rows):
    with live(run) as client:
        draw = np.random.default_rng(0)  # as in training
        base = [{**row, "size": float(draw.normal(5, 2))} for row in json_rows]
        for _ in range(6):
            client.ask("POST", "/predict", {"rows": base})
        client.ask("POST", "/predict", {"row": {"sise": 1}})
        seen = figures(client)
        assert seen['torso_requests_total{code="",route="/predict",status="200"}'] == 6
        bad = 'torso_requests_total{code="unknown_column",route="/predict",status="422"}'
        assert seen[bad] == 1
        assert seen['torso_rows_total{run="run"}'] == 6 * len(base)
        gaps = sum("photo" not in row for row in base)
        assert seen['torso_missing_modality_total{modality="photo",run="run"}'] == 6 * gaps
        assert seen["torso_batch_rows_sum"] == 6 * len(base)
        assert seen["torso_queue_rows"] == 0
        near = seen['torso_drift_psi{name="size",of="input",run="run"}']
        answers = {name for name in seen if 'of="answer"' in name}
        assert len(answers) == 3
        for _ in range(13):
            client.ask("POST", "/predict", {"rows": [{**row, "size": 99} for row in base * 10]})
        later = figures(client)
        far = later['torso_drift_psi{name="size",of="input",run="run"}']
        assert far > 3 > 1 > near
        assert later['torso_drift_rows{run="run"}'] < 13 * 240  # a bounded window


def test_the_index_by_hand():
    """Two values, 50:50 in training and 80:20 now: 0.3 ln(0.8/0.5) - 0.3 ln(0.2/0.5) = 0.4159."""
    reference = Reference.of_values(pa.array(["a"] * 50 + ["b"] * 50))
    counts = reference.counts(pa.array(["a"] * 80 + ["b"] * 20, pa.large_string()))
    assert abs(reference.drift(counts) - 0.3 * np.log(1.6) + 0.3 * np.log(0.4)) < 1e-12
    assert reference.from_dict(reference.to_dict()) == reference
    fresh = reference.counts(pa.array(["c", None], pa.large_string()))
    assert fresh.tolist() == [0, 0, 1, 1]
