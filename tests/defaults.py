"""Defaults of a run that the suite changes, lest each of its many runs trains six models."""

from torso.runs.settings.config import RunConfig

IN_TESTS = {"blend": "off", "folds": 0, "pretrained": "off"}
OUTSIDE = {name: RunConfig.model_fields[name].default for name in IN_TESTS}
