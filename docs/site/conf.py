"""How Sphinx makes the site of the pages: `make docs` writes it to build/site.

The source is the repository's root, so that the README and the guide for contributors are pages too, and every link means
the same here as on a code host. Nothing is fetched: fonts are the system's, scripts lie in the theme's package.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "src")]

project = "Torso"
author = "The Torso maintainers"
language = "en"
root_doc = "docs/index"
include_patterns = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "docs/**.md"]
include_patterns += ["benchmarks/rivals/README.md"]
exclude_patterns = ["docs/site/**"]

extensions = ["myst_parser", "sphinx_copybutton", "navigation", "room_pages"]
extensions += ["chinese_search", "mathml"]
html_math_renderer = "mathml"
myst_heading_anchors = 4
myst_enable_extensions = ["dollarmath"]
smartquotes = False  # pages are written with the signs that they mean
suppress_warnings = ["misc.highlighting_failure"]  # shortened outputs are no whole language

html_theme = "pydata_sphinx_theme"
html_title = "Torso"
html_static_path = ["static"]
templates_path = ["templates"]
html_additional_pages = {"index": "to_front.html"}
html_css_files = ["torso.css"]
html_search_language = "en+zh"
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_context = {"default_mode": "auto"}
html_theme_options = {
    "collapse_navigation": True,
    "logo": {"text": "Torso"},
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "navbar_persistent": ["search-button"],
    "header_links_before_dropdown": 8,
    "show_prev_next": True,
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "footer_start": [],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
