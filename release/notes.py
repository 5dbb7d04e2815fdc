"""Print the notes of a release, made from CHANGELOG.md and signed off.

    python release/notes.py 0.1.0                   # refused as long as the changelog says "unreleased"
    python release/notes.py 0.1.0 --draft

The last line signs off as `git commit --signoff` does, by git's `user.name` and `user.email`.
"""

from __future__ import annotations

import argparse
import re
import subprocess
from pathlib import Path

__all__ = ["main", "section"]

ROOT = Path(__file__).resolve().parent.parent


def section(changelog: str, version: str, *, draft: bool = False) -> str:
    r"""Return the notes of a version, without its heading.

    >>> section("## [0.2.0] - 2027-01-05\n\n### Added\n\n* A.\n\n## [0.1.0] - 2026-12-01\n", "0.2.0")
    '### Added\n\n* A.'

    Args:
        changelog: of all versions.
        version: such as `0.1.0`.
        draft: accept a version that has no date yet.

    Raises:
        SystemExit: the version is absent or not released.
    """
    parts = re.split(r"^## \[(.+?)\] - (.+)$", changelog, flags=re.MULTILINE)
    versions = dict(zip(parts[1::3], zip(parts[2::3], parts[3::3], strict=True), strict=True))
    if version not in versions:
        raise SystemExit(f"CHANGELOG.md has no section [{version}]. It has: {', '.join(versions)}.")
    date, text = versions[version]
    if not draft and not re.fullmatch(r"\d{4}-\d\d-\d\d", date):
        raise SystemExit(
            f"CHANGELOG.md gives {version} the date {date!r}. Write the day of the release, or pass --draft."
        )
    return text.strip()


def signed_off() -> str:
    """Return the line that signs off."""
    name, email = (
        subprocess.run(
            ["git", "config", key], cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout.strip()
        for key in ("user.name", "user.email")
    )
    return f"Signed-off-by: {name} <{email}>"


def main() -> None:
    """Print the notes."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("version")
    parser.add_argument("--draft", action="store_true")
    asked = parser.parse_args()
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    notes = section(changelog, asked.version, draft=asked.draft)
    print(f"# Torso {asked.version}\n\n{notes}\n\n{signed_off()}")


if __name__ == "__main__":
    main()
