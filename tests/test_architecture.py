"""The shape of the code itself: who may import whom, what an import costs, how long a file may be.

Each rule looks at the whole tree and lists all offenders. Limits marked as a ratchet are on their way to the
aim beside them: whoever gets below one lowers it, and none may rise.
"""

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from benchmarks.shape import Tree

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src"

# A module imports only from lines above its own; rooms on one line never import each other; within a room
# it is free. `torso` is the package's own face, which loads the lines above it when asked.
LAYERS = """
_version
core
tables cache planted
evaluation
columns
encoders fusion sharing balancing tasks
inference model plain
training
progress
runs
studies search estimator runtime
exporting reports serving
errors torso
app
__main__
"""
LINE = {room: line for line, rooms in enumerate(LAYERS.split("\n")) for room in rooms.split()}


TREE = Tree(SRC)
MODULES = TREE.paths

LONGEST_FILE = 350
LONGEST_FUNCTION = 60
LONG_SIGNATURES = 20  # of functions with more than 6 parameters, constructors of parts apart; most are commands, a parameter an option
LONG_PARTS = 30  # ratchet: constructors of parts, whose signature is the schema of their settings
MOST_PARAMETERS = 9  # but for FREE
ANY = 103  # ratchet
FREE = {
    "torso.runs.fit:fit",
    "torso.estimator._estimator:__init__",
    "torso.app.commands.evaluate:evaluate",
    "torso.app.commands.fit:fit",
    "torso.app.commands.predict:predict",
    "torso.app.commands.search:search",
    "torso.app.commands.serve:serve",
    "torso.app.commands.tune:tune",
    "torso.studies.tune.tune:tune",
}
"""Their signature is the list of what a user may say."""


def listed(offenders) -> str:
    """Return the offenders, a line each, as the message of a failed rule."""
    return "\n".join(["", *map(str, offenders)])


def test_every_room_has_a_line():
    assert {TREE.room(module) for module in MODULES} - LINE.keys() == set()


def test_every_folder_with_code_is_a_package():
    folders = {path.parent for path in MODULES.values()}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").exists()] == []


def test_contributing_shows_the_layers():
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    shown = re.findall(r"^\| (\d+) \| `(\w+)` \|", page, re.MULTILINE)
    lines = sorted({LINE[room] for _, room in shown})
    assert [(int(layer), room) for layer, room in shown] == [
        (lines.index(LINE[room]) + 1, room) for _, room in shown
    ]
    assert {room for _, room in shown} == LINE.keys() - {"_version", "errors", "torso", "__main__"}


def test_tests_have_the_folders_of_the_tree():
    own = {"cures", "docs", "examples", "faults", "golden", "release"}
    folders = {path.relative_to(ROOT / "tests") for path in (ROOT / "tests").rglob("test_*.py")}
    folders = {path.parent for path in folders if path.parts[0] not in own}
    assert [str(folder) for folder in folders if not (SRC / "torso" / folder).is_dir()] == []
    untested = [room for room in TREE.rooms() if not (ROOT / "tests" / room.split(".")[1]).is_dir()]
    assert untested == []


def test_imports_come_from_lines_above():
    upwards = [
        f"{module} imports {other}"
        for module in MODULES
        for other in sorted(TREE.inner_imports[module])
        if TREE.room(other) != TREE.room(module)
        and LINE[TREE.room(other)] >= LINE[TREE.room(module)]
    ]
    assert upwards == []


def test_no_import_goes_in_a_circle():
    done: set[str] = set()

    def walk(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join([*path, module])
        if module not in done:
            for other in TREE.inner_imports[module]:
                if other != "torso":  # the face is lazy
                    walk(other, (*path, module))
            done.add(module)

    for module in MODULES:
        walk(module, ())


def test_no_two_rooms_import_each_other():
    assert TREE.mutual_imports() == []


def test_files_stay_short():
    assert [
        f"{name}: {count}" for name, count in TREE.lines().items() if count > LONGEST_FILE
    ] == []


def test_functions_stay_short():
    assert [str(each) for each in TREE.definitions if each.lines > LONGEST_FUNCTION] == []


def test_few_functions_have_many_parameters():
    long = [each for each in TREE.definitions if each.parameters > 6]
    parts = [each for each in long if each.of_a_part]
    rest = [each for each in long if not each.of_a_part]
    assert len(parts) <= LONG_PARTS, listed(parts)
    assert len(rest) <= LONG_SIGNATURES, listed(rest)
    most = [
        each
        for each in rest
        if each.parameters > MOST_PARAMETERS and f"{each.module}:{each.name}" not in FREE
    ]
    assert most == [], listed(most)


def test_any_stands_only_where_values_of_every_kind_pass():
    counts = TREE.any_count()
    assert counts.total() <= ANY, listed(counts.most_common())


def test_names_name_the_thing():
    assert not TREE.vague_names(), listed(TREE.vague_names())


def test_docstrings_and_messages_open_with_a_noun_or_a_verb():
    assert not TREE.riddles(), listed(TREE.riddles())


def test_first_sentences_have_no_what_clause():
    assert not TREE.what_clauses(), listed(TREE.what_clauses())


def test_rooms_show_an_example():
    assert not TREE.without_example(), listed(TREE.without_example())


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
    assert [
        m for m in light if any(name.split(".")[0] == "torch" for name in TREE.imports[m])
    ] == []
    assert loaded_after("\n".join(f"import {module}" for module in light), "torch") == []


def test_the_face_gives_what_it_promises():
    import torso

    names = " ".join(torso._HOME.values()).split()
    assert sorted(names) == sorted(set(torso.__all__) - {"__version__"})
    for name in torso.__all__:
        assert getattr(torso, name) is not None
    assert sorted(dir(torso)) == sorted([*torso.__all__, *torso._ROOMS])
    with pytest.raises(AttributeError, match=r"module 'torso' has no attribute 'fitt'"):
        torso.fitt  # noqa: B018


def test_the_face_gives_its_rooms():
    import torso

    assert {f"torso.{room}" for room in torso._ROOMS} == {*TREE.rooms()} - {"torso.app"}
    gives = "; ".join(f"torso.{room}.__doc__" for room in torso._ROOMS)
    assert loaded_after(f"import torso; {gives}; torso.training.Listener", "torso.app") == []


def order(name: str) -> tuple[int, str]:
    """Constants first, then classes, then the rest, as the linter sorts them."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2, name)


def test_public_names_are_sorted_and_exist():
    wrong = []
    for module in MODULES:
        if module.endswith("__main__"):
            continue
        loaded = import_module(module)
        names = list(getattr(loaded, "__all__", []))
        if names != sorted(set(names), key=order):
            wrong.append(f"{module}: __all__ is not sorted")
        wrong += [f"{module}.{name} does not exist" for name in names if not hasattr(loaded, name)]
        if not loaded.__doc__:
            wrong.append(f"{module}: open the file with why it is here")
    assert wrong == []


def test_rooms_show_their_public_names():
    packages = [name for name, path in MODULES.items() if path.name == "__init__.py"]
    empty = [name for name in packages if not hasattr(import_module(name), "__all__")]
    filled = [name for name in empty if TREE.inner_imports[name]]
    assert filled == []


def texts() -> list[Path]:
    kinds = {".py", ".md", ".yaml", ".yml", ".toml", ".json", ".txt", ".cfg", ".sh"}
    folders = [ROOT / name for name in ("src", "tests", "docs", "examples")]
    inside = [path for folder in folders for path in folder.rglob("*") if path.suffix in kinds]
    return [*inside, *(path for path in ROOT.iterdir() if path.suffix in kinds)]


def test_no_file_knows_somebodys_machine():
    homes = "|".join(["home", "root", "tmp", "Users", "work"])
    somebody = re.compile(rf"(?<![\w./<>:-])/(?:{homes})/\w")
    mentions = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in texts()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if somebody.search(line)
    ]
    assert mentions == []
