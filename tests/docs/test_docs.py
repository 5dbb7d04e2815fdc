"""The documentation is a program: what a page says to type is typed, what it names must exist.

In a page, `<!-- run -->` before a fence means that its block is run here, in the order of the page, in a
folder that looks like that of a reader who has just run `torso demo`; `<!-- run: needs NAME -->` runs it
where that data set is. `<!-- file: PATH -->` means that a reader writes the block to that file. The table
and the models are made small behind the page's back (`TINY`); nothing else is changed.
"""

from __future__ import annotations

import ast
import re
import runpy
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow.csv
import pytest
import typer
import yaml

import torso
from benchmarks.shape import Tree
from tests.defaults import OUTSIDE
from tests.fusion import laws
from tests.places import DATA, ROOT
from tests.sharing import laws as sharing_laws
from tests.sharing.test_laws import LAWS as SHARING_LAWS
from tests.small_tables import options
from tests.small_tables import torso as command
from torso.app.cli import app
from torso.balancing import Balancer
from torso.columns.inputs import Input
from torso.encoders import Encoder
from torso.fusion import Fusion
from torso.runs.settings.config import RunConfig
from torso.sharing import Sharing
from torso.tasks import Head, Target

PAGES = [ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "CHANGELOG", "SECURITY")]
PAGES += sorted((ROOT / "docs").rglob("*.md"))
TREE = Tree(ROOT / "src")
ROWS = 60
TINY = {"training.epochs": 1, "dim": 16, "inputs.image.size": 16}
MOST_EPOCHS = 3
TO_BE_WRITTEN = {"tests/fusion/test_token_mean.py"}
"""Files that a page tells the reader to write himself."""

FENCE = re.compile(
    r"(?:^<!-- (?P<mark>run|file)(?:: (?P<note>.+?))? -->\n)?^```(?P<language>\w*)\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
TABLE_ROW = re.compile(r"^\| *(.+?) *\|", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page, with the mark before it."""

    mark: str
    note: str
    language: str
    code: str

    def lines(self) -> Iterator[str]:
        """Yield the commands: the lines of an `sh` block, those after `$ ` in a `console` block."""
        prompt = {"sh": "", "console": "$ "}.get(self.language)
        for line in self.code.replace("\\\n", " ").splitlines():
            if prompt is not None and line.startswith(prompt):
                yield line.removeprefix(prompt).strip()


def blocks(page: Path) -> list[Block]:
    return [
        Block(found["mark"] or "", found["note"] or "", found["language"], found["code"])
        for found in FENCE.finditer(page.read_text(encoding="utf-8"))
    ]


def prose(page: Path) -> str:
    """Return the page without its fenced blocks."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def name(page: Path) -> str:
    return str(page.relative_to(ROOT).with_suffix("")).removeprefix("docs/")


# --- what is run ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def after_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which `torso demo` seems to have been run, on a small table."""
    pytest.importorskip("sklearn", reason="the demo's table needs the extra `demo`")
    from torso.app.demo.digits import TARGETS, make

    folder = tmp_path_factory.mktemp("demo")
    table = make(folder / "demo-run" / "data", ROWS, missing_labels=0.2, missing_inputs=0.1)
    torso.fit(
        table,
        TARGETS,
        out=folder / "demo-run" / "run",
        settings={**TINY, "data.cache": str(folder / "cache")},
    )
    return folder


@pytest.fixture
def reader(
    after_demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, Any]]:
    """Stand where the reader stands; return the names that the page's Python blocks share."""
    here = tmp_path / "here"
    shutil.copytree(after_demo, here)
    if DATA.is_dir():
        (tmp_path / "shared").mkdir()
        (tmp_path / "shared" / "data").symlink_to(DATA)
    monkeypatch.chdir(here)
    monkeypatch.syspath_prepend(str(here))  # what PYTHONPATH=. does
    fit = torso.fit

    def small(*given: Any, settings: Any = (), config: Any = None, **named: Any) -> Any:
        own = options(settings)[1::2] if isinstance(settings, Mapping) else settings
        first = given[0] if given else None
        own_columns = isinstance(first, Mapping | list)
        own_columns |= isinstance(first, str | Path) and "demo-run" not in str(first)
        wanted = {name: TINY[name] for name in TINY if not (own_columns and "inputs" in name)}
        tiny = [] if isinstance(config, str | Path) else options(wanted)[1::2]  # a file says it all
        few = [least(each) for each in own]
        return fit(*given, settings=[*tiny, *few], config=config, **named)

    monkeypatch.setattr(torso, "fit", small)  # the command line calls it too
    yield {}
    for module in [name for name in sys.modules if name == "mine" or name.startswith("mine.")]:
        del sys.modules[module]


def least(setting: str) -> str:
    """Return a setting of a page, a number of epochs as small as its answers allow."""
    key, _, value = setting.partition("=")
    if key != "training.epochs" or not value.isdecimal():
        return setting
    return f"{key}={min(int(value), MOST_EPOCHS)}"


def run(block: Block, names: dict[str, Any], page: Path) -> None:
    if block.note.startswith("needs ") and not (DATA / block.note.split()[1]).is_dir():
        pytest.skip(f"{DATA / block.note.split()[1]} is absent")
    if block.mark == "file":
        path = Path(block.note)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.code, encoding="utf-8")
    elif block.language == "python":
        exec(compile(block.code, f"{page.name} (a block of it)", "exec"), names)
    else:
        for line in block.lines():
            run_command(line)


def run_command(line: str) -> None:
    words = [word for word in shlex.split(line, comments=True) if word != "PYTHONPATH=."]
    if words[:1] == ["python"] and words[1].startswith("examples/"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", words[1:])
            runpy.run_path(str(ROOT / words[1]), run_name="__main__")
        return
    assert words[0] == "torso", line
    assert command(*words[1:]) == 0, line


def a_part_of_ones_own_is_named_in_the_run():
    config = yaml.safe_load(Path("runs/ours/run.yaml").read_text())
    assert config["sharing"] == {"type": "mine.sharing:Mine", "size": 16}
    config = yaml.safe_load(Path("runs/mine/run.yaml").read_text())
    assert config["fusion"] == {"type": "mine.fusion:Mine", "hidden": 16}
    with pytest.raises(torso.core.errors.ConfigError, match="not trusted"):
        torso.load("runs/mine")
    assert command("predict", "runs/mine", "demo-run/data/table.csv", "-o", "answers.csv") == 1


def the_same_config_gives_the_same_weights():
    first, again = (
        Path(f"runs/{run}/model.safetensors").read_bytes() for run in ("first", "again")
    )
    assert first == again
    assert Path("runs/wider/run.yaml").read_text() != Path("runs/first/run.yaml").read_text()


AFTERWARDS = {
    "extend": a_part_of_ones_own_is_named_in_the_run,
    "runs": the_same_config_gives_the_same_weights,
}
"""Page -> what holds in the reader's folder after its last block."""


@pytest.mark.parametrize(
    "page", [p for p in PAGES if any(b.mark == "run" for b in blocks(p))], ids=name
)
def test_what_a_page_says_to_type_works(page, reader):
    for block in blocks(page):
        if block.mark:
            run(block, reader, page)
    if Path("answers.csv").exists():
        assert pyarrow.csv.read_csv("answers.csv").num_rows == ROWS
    AFTERWARDS.get(name(page), lambda: None)()


def test_every_check_of_a_page_has_its_page():
    assert AFTERWARDS.keys() <= {name(page) for page in PAGES}


LAWS = [value for name, value in vars(laws).items() if name.startswith("assert_")]
LAWS = [law for law in LAWS if law.__code__.co_varnames[: law.__code__.co_argcount] == ("fusion",)]


@pytest.fixture
def own_sharing(monkeypatch) -> str:
    """Return the name under which the sharing of extend.md is filed, for a while."""
    monkeypatch.setattr(Sharing.registry, "_parts", dict(Sharing.registry._parts))
    page = ROOT / "docs" / "extend.md"
    block = next(block for block in blocks(page) if block.note == "mine/sharing.py")
    module = ModuleType("written.sharing")
    exec(compile(block.code, block.note, "exec"), vars(module))
    Sharing.registry.add("mine", module.Mine)
    return "mine"


@pytest.mark.parametrize("law", SHARING_LAWS, ids=lambda law: law.__name__.removeprefix("assert_"))
def test_the_sharing_to_be_written_keeps_the_laws(law, own_sharing):
    specs = [spec for spec in sharing_laws.sharings() if spec["type"] == own_sharing]
    assert specs
    for spec in specs:
        law(spec)


@pytest.fixture
def own_fusions(monkeypatch) -> dict[str, type[Fusion]]:
    """Return the fusions of CONTRIBUTING and extend.md, without leaving them in the registry."""
    monkeypatch.setattr(Fusion.registry, "_parts", dict(Fusion.registry._parts))
    found = {}
    for page in (ROOT / "CONTRIBUTING.md", ROOT / "docs" / "extend.md"):
        block = next(block for block in blocks(page) if block.mark == "file")
        module = ModuleType(f"written.{page.stem}")
        exec(compile(block.code, block.note, "exec"), vars(module))
        for part in vars(module).values():
            if isinstance(part, type) and issubclass(part, Fusion) and part is not Fusion:
                found[part.__name__] = part
    return found


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__.removeprefix("assert_"))
def test_the_fusions_to_be_written_keep_the_laws(law, own_fusions):
    assert sorted(own_fusions) == ["Mine", "TokenMean"]
    assert "token_mean" in Fusion.registry
    for part in own_fusions.values():
        spec = f"{part.__module__}.{part.__name__}"
        Fusion.registry.add(spec, part)
        law(laws.build(spec))


# --- what is named ----------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """Return the anchors that a page's headings make, as GitHub spells them."""
    headings = re.findall(r"^#+ +(.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in headings}


def test_links_lead_somewhere():
    broken = []
    for page in PAGES:
        for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
            file, _, anchor = target.partition("#")
            other = page.parent / file if file else page
            if target.startswith("http"):
                continue
            if not other.exists() or (anchor and anchor not in anchors(other)):
                broken.append(f"{page.name}: {target}")
    assert not broken, "\n".join(broken)


def test_files_exist():
    absent = []
    for page in PAGES:
        words = re.findall(r"`([^`\n]+)`", prose(page))
        words += [word for block in blocks(page) for line in block.lines() for word in line.split()]
        written = {block.note for block in blocks(page) if block.mark == "file"} | TO_BE_WRITTEN
        for word in words:
            path = re.fullmatch(r"(src|tests|examples|docs|benchmarks|\.ci)/[\w./-]+", word)
            if path and word not in written and not (ROOT / word).exists():
                absent.append(f"{page.name}: {word}")
    assert not absent, "\n".join(absent)


def test_commands_and_their_options_exist():
    group = typer.main.get_command(app)
    commands = group.commands
    of_all = {option for param in group.params for option in param.opts}
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    wrong = []
    for page in PAGES:
        lines = re.findall(r"`((?:torso|make) [^`\n]+)`", prose(page))
        for line in [*lines, *(line for block in blocks(page) for line in block.lines())]:
            words = [word for word in shlex.split(line, comments=True) if "PYTHONPATH" not in word]
            if words[:1] == ["make"] and words[1] not in targets:
                wrong.append(f"{page.name}: {line}")
            if words[:1] == ["torso"] and words[1] not in of_all:
                params = commands[words[1]].params if words[1] in commands else []
                known = {option for param in params for option in param.opts}
                given = [word for word in words[2:] if re.match(r"--?[a-z]", word)]
                if words[1] not in commands or not known.issuperset(given):
                    wrong.append(f"{page.name}: {line}")
    assert not wrong, "\n".join(wrong)


def test_journeys_lead_through_the_code():
    """A step is a file and the names in it that run there."""
    text = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    journeys = text.partition("## Three journeys")[2].partition("\n## ")[0].split("\n### ")[1:]
    wrong = []
    for journey in journeys:
        steps = re.findall(r"^\d\. `(src/[\w/.]+)`((?:, `[\w.]+`)+):", journey, re.MULTILINE)
        assert 5 <= len(steps) == len(re.findall(r"^\d\. ", journey, re.MULTILINE)) <= 8
        for file, names in steps:
            known = defined(ROOT / file)
            wrong += [f"{file}: {n}" for n in re.findall(r"`([\w.]+)`", names) if n not in known]
    assert len(journeys) == 3
    assert not wrong, "\n".join(wrong)


def defined(file: Path) -> set[str]:
    """Return the functions, classes and methods of a module, methods as `Class.method`."""
    names = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            inner = [each for each in node.body if isinstance(each, ast.FunctionDef)]
            names |= {f"{node.name}.{each.name}" for each in inner}
    return names


def test_modules_that_the_changelog_sends_to_exist():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    table = text.partition("### Changed: module paths")[2].partition("### ")[0]
    now = re.findall(r"^\| .* \| (.*) \|$", table, re.MULTILINE)[1:]
    modules = [word for cell in now for word in re.findall(r"`(torso[\w.]+)`", cell)]
    assert len(modules) > 15
    known = [*TREE.paths, "torso.tasks.KIND"]
    assert [module for module in modules if module not in known] == []


def test_figures_have_a_place():
    texts = {page.name: page.read_text(encoding="utf-8") for page in PAGES}
    open_places = [
        name
        for name, text in texts.items()
        if text.count("<!-- results:") != text.count("<!-- /results -->")
    ]
    assert open_places == []


def column(page: str, header: str, number: int = 0) -> list[str]:
    """Return a column of the table whose first heading is `header`, without backticks."""
    lines = iter((ROOT / "docs" / page).read_text(encoding="utf-8").splitlines())
    start = f"| {header} |"
    next(line for line in lines if line.startswith(start))
    next(lines)
    cells = []
    for line in lines:
        if not line.startswith("|"):
            return cells
        cells.append(line.strip("|").split(" | ")[number].strip().replace("`", ""))
    return cells


@pytest.mark.parametrize(
    ("page", "header", "registry"),
    [
        ("encoders.md", "encoder", Encoder.registry),
        ("fusion.md", "fusion", Fusion.registry),
        ("sharing.md", "sharing", Sharing.registry),
        ("heads.md", "head", Head.registry),
        ("balancing.md", "balancer", Balancer.registry),
        ("tables.md", "input kind", Input.registry),
        ("tables.md", "target kind", Target.registry),
    ],
)
def test_every_part_has_its_line(page, header, registry):
    ours = [name for name, part in registry.items() if part.__module__.startswith("torso.")]
    assert sorted(column(page, header)) == ours


def test_every_key_of_the_config_is_explained_with_its_default():
    said = dict(zip(column("runs.md", "key"), column("runs.md", "key", 1), strict=True))
    config = RunConfig(inputs={}, targets={}, **OUTSIDE).model_dump()
    expected = dict(_flat(config))
    in_words = {
        "inputs": "inferred",
        "targets": "required",
        "encoders": "by form",
        "heads": "by kind",
        "training.optimizer": "adamw",
        "training.schedule": "cosine",
    }
    assert list(said) == list(expected)
    for key, default in expected.items():
        assert said[key] == in_words.get(key, said[key])
        assert key in in_words or yaml.safe_load(said[key]) == default, key


def _flat(values: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, dict) and value and "type" not in value:
            yield from _flat(value, f"{path}{key}.")
        else:
            yield path + key, value


def test_every_paper_linked_in_the_code_is_on_the_page_of_papers():
    link = re.compile(r"arxiv\.org/abs/(\d{4}\.\d{4,5})")
    code = {
        found
        for file in (ROOT / "src").rglob("*.py")
        for found in link.findall(file.read_text("utf-8"))
    }
    page = set(link.findall((ROOT / "docs" / "papers.md").read_text(encoding="utf-8")))
    assert page == code


def test_decisions_name_figures_that_are_in_the_code():
    assert "arcsin" in (ROOT / "src/torso/evaluation/bootstrap.py").read_text(encoding="utf-8")
