"""Refusals: every answer that is none, with a code, the fact and the cure; never a traceback.

>>> Refusal("not_bytes", "a path", cure="Send the bytes.", row=2, column="photo").body("7")
{'code': 'not_bytes', 'message': 'a path', 'cure': 'Send the bytes.', 'row': 2, 'column': 'photo', 'request_id': '7'}
"""

from __future__ import annotations

from torso.core.errors import TorsoError
from torso.serving.languages import translated

__all__ = ["STATUS", "Refusal", "refusal_of"]

STATUS = {
    "bad_json": 400,
    "too_deep": 400,
    "bad_request": 400,
    "unauthorized": 401,
    "not_found": 404,
    "wrong_method": 405,
    "slow_client": 408,
    "body_too_large": 413,
    "too_many_rows": 413,
    "too_many_pixels": 413,
    "recording_too_long": 413,
    "file_too_large": 413,
    "table_too_large": 413,
    "unsupported_media_type": 415,
    "unknown_column": 422,
    "wrong_type": 422,
    "not_finite": 422,
    "not_bytes": 422,
    "bad_base64": 422,
    "unreadable_cell": 422,
    "no_rows": 422,
    "unusable": 422,
    "busy": 429,
    "internal": 500,
    "not_offered": 501,
    "stopping": 503,
    "too_slow": 504,
}
"""Code -> HTTP status."""


class Refusal(Exception):
    """A request that is not answered.

    Args:
        code: one of `STATUS`.
        message: the fact, with the value that was sent.
        cure: an action; empty where the message says all.
        row: number of the row, from 1.
        column: of the cell.
        wait: seconds after which to try again.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        cure: str = "",
        row: int | None = None,
        column: str | None = None,
        wait: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.cure = code, message, cure
        self.row, self.column, self.wait = row, column, wait

    @property
    def status(self) -> int:
        """The HTTP status."""
        return STATUS[self.code]

    def body(self, request_id: str, language: str = "en") -> dict[str, object]:
        """Return the refusal as JSON values, its sentences in a language; unknown facts are absent."""
        facts = {
            "code": self.code,
            "message": translated(self.message, language),
            "cure": translated(self.cure, language) or None,
            "row": self.row,
            "column": self.column,
            "request_id": request_id,
        }
        return {name: fact for name, fact in facts.items() if fact is not None}

    def headers(self) -> dict[str, str]:
        """Return the headers beside the status."""
        if self.code == "unauthorized":
            return {"WWW-Authenticate": "Bearer"}
        return {} if self.wait is None else {"Retry-After": str(self.wait)}


def refusal_of(error: Exception) -> Refusal:
    """Return an error as a refusal; only Torso's own words reach it."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, TorsoError):
        return Refusal("unusable", str(error))
    return Refusal(
        "internal",
        "The server failed on this request.",
        cure="Tell the operator the request_id: the log has the reason.",
    )
