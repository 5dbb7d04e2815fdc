"""Names of values that pass through the server: JSON, messages of ASGI, kinds of input of opened and of exported runs."""

from __future__ import annotations

from typing import Any

__all__ = ["Json", "JsonValue", "Kind", "Message"]

JsonValue = Any
"""A value of JSON, or of a cell that becomes one."""
Json = dict[str, JsonValue]
Kind = Any
"""A kind of input: its `name`, `form` and `in_files`, and what it has learnt."""
Message = Any
"""A scope, a message or a callable of ASGI."""
