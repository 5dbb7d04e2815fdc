"""Ask the advisories of known vulnerabilities about every pinned package.

    python release/audit.py [--report FILE.json]

Ends with 1 if a pin has one. Advisories lie beside the package index's pages; where a machine reaches the packages but
not these, each pin is named as not audited, and the script ends with 0: it says nothing that it does not know.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

__all__ = ["main", "verdict"]

ROOT = Path(__file__).resolve().parent.parent


def verdict(report: dict[str, list[dict[str, object]]]) -> tuple[list[str], list[str], int]:
    """Return sentences on vulnerable pins, names of pins that were not audited, and the number that were.

    >>> verdict({"dependencies": [{"name": "a", "version": "1", "vulns": []}, {"name": "b", "skip_reason": "unknown"}]})
    ([], ['b'], 1)
    """
    known, unknown, audited = [], [], 0
    for pin in report["dependencies"]:
        if "skip_reason" in pin:
            unknown.append(str(pin["name"]))
            continue
        audited += 1
        for flaw in pin["vulns"]:  # type: ignore[attr-defined]
            mended = ", ".join(flaw["fix_versions"]) or "no version"
            known.append(f"{pin['name']} {pin['version']}: {flaw['id']}, mended in {mended}.")
    return known, unknown, audited


def main() -> None:
    """Audit the pins, print, and exit."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--report", type=Path, help="keep what pip-audit said")
    kept = parser.parse_args().report
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "audit.json"
        run = subprocess.run(
            [
                *(sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip"),
                *("-r", str(ROOT / "constraints.txt"), "-f", "json", "-o", str(file)),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        text = file.read_text(encoding="utf-8") if file.exists() else ""
    if not text:
        print(f"Not audited: {(run.stderr.strip().splitlines() or ['no answer'])[-1]}")
        return
    if kept is not None:
        kept.write_text(text, encoding="utf-8")
    known, unknown, audited = verdict(json.loads(text))
    print(f"{audited} pins audited, {len(known)} known vulnerabilities.")
    if unknown:
        print(
            f"{len(unknown)} pins not audited, as no advisory knows or reaches them: {', '.join(unknown)}."
        )
    print("\n".join(known))
    sys.exit(1 if known else 0)


if __name__ == "__main__":
    main()
