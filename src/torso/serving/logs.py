"""Structured logs: a line of JSON for each request and each event, without a cell of any row.

>>> import logging
>>> record = logging.LogRecord("torso", logging.INFO, "", 0, "opened", None, None)
>>> record.created, record.facts = 0.0, {"run": "digits"}
>>> JsonLines().format(record)
'{"time": "1970-01-01T00:00:00.000Z", "level": "info", "event": "opened", "run": "digits"}'
"""

from __future__ import annotations

import datetime
import json
import logging
import sys
from typing import TextIO

__all__ = ["JsonLines", "log_to"]


class JsonLines(logging.Formatter):
    """Writes records as JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as a line; `facts` of the record stand beside time, level and event."""
        moment = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        facts = {
            "time": f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z",
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            facts["traceback"] = self.formatException(record.exc_info)
        return json.dumps(facts, ensure_ascii=False, default=str)


def log_to(stream: TextIO | None = None) -> None:
    """Send the logs of the server, and warnings of uvicorn, to a stream; standard error unless another is given."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    for name, level in (("torso.serving", logging.INFO), ("uvicorn", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level)
