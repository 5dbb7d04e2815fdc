"""Elements of HTML with everything escaped that is not markup already.

>>> element("td", "<b>", class_="name")
'<td class="name">&lt;b&gt;</td>'
>>> element("p", element("b", "x"), " & y")
'<p><b>x</b> &amp; y</p>'
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from html import escape

__all__ = ["Content", "Html", "element", "joined", "script_json"]

_VOID = {"br", "circle", "img", "input", "line", "meta", "path", "polyline", "rect"}


class Html(str):
    """Text that is markup already, so it is not escaped again."""

    __slots__ = ()


Content = str | int | Iterable["Content"] | None
"""Text, markup, a number, nothing, or several of these."""


def element(tag: str, *content: Content, **attributes: str | float | bool | None) -> Html:
    """Return an element; texts and attributes are escaped.

    Args:
        tag: its name.
        content: texts, which are escaped, and elements.
        attributes: a trailing underscore is dropped, others become hyphens; None and False leave one out, True writes
            its name alone.
    """
    written = "".join(
        f" {_name(name)}" if value is True else f' {_name(name)}="{escape(str(value))}"'
        for name, value in attributes.items()
        if value is not None and value is not False
    )
    if tag in _VOID:
        return Html(
            f"<{tag}{written}>" if tag in ("br", "img", "input", "meta") else f"<{tag}{written}/>"
        )
    return Html(f"<{tag}{written}>{joined(content)}</{tag}>")


def joined(content: Content) -> Html:
    """Return all of it one after the other; plain texts are escaped."""
    if content is None:
        return Html("")
    if isinstance(content, Html):
        return content
    if isinstance(content, str):
        return Html(escape(content))
    if isinstance(content, Iterable):
        return Html("".join(map(joined, content)))
    return Html(content)


def script_json(content: Mapping[str, object]) -> Html:
    r"""Return JSON that may stand in a script element: no cell can close it.

    >>> script_json({"name": "</script>"})
    '{"name":"\\u003c/script>"}'
    """
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Html(
        text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    )


def _name(name: str) -> str:
    return name.rstrip("_").replace("_", "-")
