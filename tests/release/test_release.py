"""Scripts of a release: the notes of this version, and what an audit says."""

import subprocess
import sys

import pytest

from release.audit import verdict
from release.notes import section
from tests.places import ROOT
from torso._version import __version__

CHANGELOG = "# Changelog\n\n## [0.2.0] - unreleased\n\n* B.\n\n## [0.1.0] - 2026-12-01\n\n* A.\n"


def test_the_changelog_has_a_section_of_this_version():
    assert section((ROOT / "CHANGELOG.md").read_text(), __version__, draft=True)


def test_notes_are_those_of_the_version():
    assert section(CHANGELOG, "0.1.0") == "* A."
    assert section(CHANGELOG, "0.2.0", draft=True) == "* B."


@pytest.mark.parametrize(
    "version,message", [("0.2.0", "the date 'unreleased'"), ("0.3.0", r"It has: 0.2.0, 0.1.0")]
)
def test_notes_that_are_not_ready_are_refused(version, message):
    with pytest.raises(SystemExit, match=message):
        section(CHANGELOG, version)


def test_an_audit_names_flaws_and_what_it_could_not_audit():
    flaw = {"id": "CVE-1", "fix_versions": ["1.1"]}
    pins = [
        {"name": "bad", "version": "1.0", "vulns": [flaw]},
        {"name": "good", "version": "2.0", "vulns": []},
        {"name": "odd", "skip_reason": "not on the index"},
    ]
    known, unknown, audited = verdict({"dependencies": pins})
    assert known == ["bad 1.0: CVE-1, mended in 1.1."]
    assert (unknown, audited) == (["odd"], 2)


def test_scripts_have_a_help():
    for script in ("audit", "notes", "pythons", "wheel"):
        done = subprocess.run(
            [sys.executable, str(ROOT / "release" / f"{script}.py"), "--help"], check=False
        )
        assert done.returncode == 0
