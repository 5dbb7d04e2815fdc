"""Names are read in a package's source as its classes file themselves, whatever else lies there."""

from torso.core.source_names import names_in_source

SOURCE = """
class Part: ...
class _Inner(Part): ...
class First(_Inner, name="first"): ...
class Second(First, form="image", name="second"): ...
class Unnamed(Second): ...
class Other(name="other"): ...
class Foreign(Elsewhere, name="foreign"): ...
"""


def test_heirs_are_found_through_any_number_of_classes_and_files(tmp_path, monkeypatch):
    package = tmp_path / "a_room"
    (package / "inner").mkdir(parents=True)
    (package / "__init__.py").write_text(SOURCE)
    (package / "inner" / "third.py").write_text('class Third(Second, name="third"): ...')
    monkeypatch.syspath_prepend(tmp_path)
    assert names_in_source("a_room", "Part") == ["first", "image/second", "third"]


def test_a_package_without_source_has_no_names(tmp_path, monkeypatch):
    (tmp_path / "a_bare_room").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    assert names_in_source("a_bare_room", "Part") == []
    assert names_in_source("no_such_room", "Part") == []
