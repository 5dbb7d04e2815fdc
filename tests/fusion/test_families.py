"""Each fusion belongs to one of three families, and the docs say the same."""

import re
from pathlib import Path

from torso.fusion import Fusion

PAGE = Path(__file__).parents[2] / "docs" / "fusion.md"


def test_the_table_of_the_docs_says_each_family():
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    families = {name: part.family for name, part in Fusion.registry.items()}
    assert dict(rows).items() <= families.items()
    assert set(families.values()) == {"parallel", "sequential", "hierarchical"}
