"""Where the tests find the source and the real data, however deep they lie themselves."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src"
DATA = Path(os.environ.get("TORSO_DATA") or ROOT.parent / "shared" / "data")
