"""Runs as one page of HTML, made for looking: no network, no server, light and dark, English and Chinese.

>>> from torso.reports.html import element
>>> element("p", "a < b")
'<p>a &lt; b</p>'
"""

from __future__ import annotations

from torso.core.lazy import lazy_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from torso.reports.writing import HtmlReport, html_report, write_report

__all__ = ["HtmlReport", "html_report", "write_report"]

__getattr__ = lazy_names(__name__, {".writing": "HtmlReport html_report write_report"})
