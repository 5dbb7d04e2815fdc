"""Dockerfiles: what they copy exists, what they install and run is there, and what asks for health asks a real route."""

import json
import re
import tomllib

import pytest

from tests.places import ROOT

FILES = sorted((ROOT / "docker").glob("*.Dockerfile"))
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]


def instructions(file):
    """Return the instructions, a continued line as one."""
    text = re.sub(r"\\\n\s*", "", file.read_text(encoding="utf-8"))
    return [line.split(" ", 1) for line in text.splitlines() if line and line[0].isupper()]


def said(file, word):
    return [rest for name, rest in instructions(file) if name == word]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_dockerfile(file):
    stages = said(file, "FROM")
    assert len(stages) == 2  # what builds stays behind
    for copied in said(file, "COPY"):
        if not copied.startswith("--from=build"):
            *sources, _ = copied.split()
            assert [name for name in sources if not (ROOT / name).exists()] == []
    runs = said(file, "RUN")
    for extras in re.findall(r"'\.\[(.+?)\]'", "\n".join(runs)):
        assert set(extras.split(",")) <= EXTRAS.keys()
    for script in re.findall(r"bin/python (\S+\.py)", "\n".join(runs)):
        assert (ROOT / script).is_file()
    (modules,) = re.findall(r'bin/python -c "import (.+?)"', "\n".join(runs))
    for module in modules.split(", "):
        if module.startswith("torso."):
            path = ROOT / "src" / module.replace(".", "/")
            assert path.with_suffix(".py").is_file() or path.is_dir()
    assert said(file, "USER") == ["torso"]
    assert json.loads(said(file, "ENTRYPOINT")[0]) == ["torso", "serve"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_its_health_check_asks_the_server(file):
    (check,) = (rest for rest in said(file, "HEALTHCHECK"))
    (route,) = re.findall(r"http://127\.0\.0\.1:8000(/\w+)", check)
    assert f'"{route}"' in (ROOT / "src/torso/serving/app.py").read_text(encoding="utf-8")
    assert said(file, "EXPOSE") == ["8000"]
