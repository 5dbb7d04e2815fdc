"""The shape of the code itself: who may import whom, what an import costs, how long a file may be."""

import ast
import re
import subprocess
import sys
from importlib import import_module
from itertools import combinations
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src"

# A module imports only from lines above its own; rooms on one line never import each other; within a room
# it is free. `torso` is the package's own face, which loads the lines above it when asked.
LAYERS = """
_version
core
tables cache
evaluation
columns
encoders fusion sharing balancing tasks
inference model
training
runs
studies search estimator
torso
app
__main__
"""
LINE = {room: line for line, rooms in enumerate(LAYERS.split("\n")) for room in rooms.split()}


def module_name(path: Path) -> str:
    parts = path.relative_to(SRC).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(SRC.glob("torso/**/*.py"))}


def room_of(module: str) -> str:
    return module.split(".")[1] if "." in module else module


def imports(module: str) -> set[str]:
    """Return the modules that `module` imports anywhere: at the top, in a function, for types only."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module}: relative import in line {node.lineno}"
            assert node.module is not None
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (inside & MODULES.keys()) or {node.module}
    return found


IMPORTS = {module: imports(module) for module in MODULES}
OURS = {m: {one for one in found if one in MODULES} for m, found in IMPORTS.items()}


def test_every_room_has_a_line():
    assert {room_of(module) for module in MODULES} - LINE.keys() == set()


@pytest.mark.parametrize("module", MODULES)
def test_imports_come_from_lines_above(module):
    room = room_of(module)
    for other in OURS[module]:
        if room_of(other) != room:
            assert LINE[room_of(other)] < LINE[room], f"{module} imports {other}"


def test_no_import_goes_in_a_circle():
    seen: dict[str, bool] = {}

    def walk(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join([*path, module])
        if module not in seen:
            for other in OURS[module]:
                if other != "torso":  # the face is lazy
                    walk(other, (*path, module))
            seen[module] = True

    for module in MODULES:
        walk(module, ())


def test_no_two_sub_rooms_import_each_other():
    def sub(module: str) -> str:
        return ".".join(module.split(".")[:3])

    pairs = {(sub(m), sub(other)) for m, found in OURS.items() for other in found}
    rooms = sorted(
        {one for pair in pairs for one in pair if (SRC / one.replace(".", "/")).is_dir()}
    )
    assert [p for p in combinations(rooms, 2) if p in pairs and p[::-1] in pairs] == []


def loaded_after(statement: str, *names: str) -> list[str]:
    """Return which of `names` a fresh interpreter has loaded after `statement`."""
    code = f"import sys\n{statement}\nprint(*[name for name in {names!r} if name in sys.modules])"
    run = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(run, capture_output=True, text=True, check=False, cwd=SRC)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


HEAVY = (
    "torch",
    "pandas",
    "pyarrow",
    "numpy",
    "PIL",
    "soundfile",
    "tokenizers",
    "pydantic",
    "rich",
)


@pytest.mark.parametrize(
    "statement", ["import torso", "import torso; dir(torso)", "import torso.app.cli"]
)
def test_importing_torso_loads_nothing_heavy(statement):
    spared = [name for name in HEAVY if name != "rich" or "cli" not in statement]
    assert loaded_after(statement, *spared) == []


def test_reading_tables_needs_no_torch():
    light = [
        m
        for m in MODULES
        if m.startswith(("torso.tables", "torso.cache", "torso.columns", "torso.inference"))
        and m != "torso.columns.loader"
    ]
    assert [m for m in light if any(one.split(".")[0] == "torch" for one in IMPORTS[m])] == []
    assert loaded_after("\n".join(f"import {module}" for module in light), "torch") == []


def test_the_face_gives_what_it_promises():
    import torso

    assert set(torso._HOME) == set(torso.__all__) - {"__version__"}
    for name in torso.__all__:
        assert getattr(torso, name) is not None
    assert sorted(dir(torso)) == sorted(torso.__all__)
    with pytest.raises(AttributeError, match=r"module 'torso' has no attribute 'fitt'"):
        torso.fitt  # noqa: B018


def order(name: str) -> tuple[int, str]:
    """Constants first, then classes, then the rest, as the linter sorts them."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2, name)


@pytest.mark.parametrize("module", [name for name in MODULES if not name.endswith("__main__")])
def test_public_names_are_sorted_and_exist(module):
    loaded = import_module(module)
    names = getattr(loaded, "__all__", [])
    assert list(names) == sorted(set(names), key=order)
    assert [name for name in names if not hasattr(loaded, name)] == []
    assert loaded.__doc__, "open the file with why it is here"


def test_rooms_show_their_public_names():
    packages = [name for name, path in MODULES.items() if path.name == "__init__.py"]
    empty = [name for name in packages if not hasattr(import_module(name), "__all__")]
    filled = [name for name in empty if OURS[name]]
    assert filled == []


@pytest.mark.parametrize("module", MODULES)
def test_files_stay_short(module):
    assert len(MODULES[module].read_text(encoding="utf-8").splitlines()) <= 350


def texts() -> list[Path]:
    kinds = {".py", ".md", ".yaml", ".yml", ".toml", ".json", ".txt", ".cfg", ".sh"}
    folders = [ROOT / name for name in ("src", "tests", "docs", "examples")]
    inside = [path for folder in folders for path in folder.rglob("*") if path.suffix in kinds]
    return [*inside, *(path for path in ROOT.iterdir() if path.suffix in kinds)]


def test_no_file_knows_somebodys_machine():
    homes = "|".join(["home", "root", "tmp", "Users", "work"])
    somebody = re.compile(rf"(?<![\w./<>:-])/(?:{homes})/\w")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in texts()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if somebody.search(line)
    ]
    assert found == []
