"""A fit harms nothing that lies in its folder, and takes none that is no run."""

import json
from pathlib import Path

import pytest

import torso
from tests import small_tables as tables
from tests.small_tables import TARGETS, TINY, options, write
from torso.core.errors import RunError
from torso.training import STOP, Listener

QUICK = {**TINY, "inputs.note": None, "inputs.shop": None}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run on a table that is written beside it."""
    folder = tmp_path_factory.mktemp("finished")
    table = write(folder / "table.csv", tables.plain())
    torso.fit(table, TARGETS, out=folder / "run", settings=QUICK)
    return folder / "run"


class Stopper(Listener):
    def epoch_done(self, epoch):
        return STOP


def copied(run, folder):
    folder.mkdir(parents=True)
    for file in run.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def content(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def somebodys(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")
    return folder


FOREIGN = {
    "code": ["search/code.py"],
    "our names": ["schema.json", "metrics.json", "log.jsonl", "checkpoint.old/a.txt"],
    "their config": ["run.yaml"],
    "a checkpoint": ["checkpoint/progress.json", "run.yaml"],
    "a marker": ["torso.json"],
    "hidden": [".git/config"],
}


@pytest.mark.parametrize("how", [{}, {"overwrite": True}, {"resume": True}], ids=str)
@pytest.mark.parametrize("names", FOREIGN.values(), ids=FOREIGN)
def test_a_folder_of_somebody_elses_files_is_refused_and_stays_as_it_is(tmp_path, names, how):
    somebodys(tmp_path / "proj", *names)
    before = content(tmp_path)
    with pytest.raises(RunError, match="is no run, and not empty"):
        torso.fit(tables.plain(), TARGETS, out=tmp_path / "proj", settings=QUICK, **how)
    assert content(tmp_path) == before


def test_files_of_json_and_yaml_that_resemble_a_run_are_refused_too(tmp_path, capsys):
    project = somebodys(tmp_path / "proj", "schema.json", "run.yaml")
    (project / "run.yaml").write_text("targets: [loud]\n")
    assert tables.torso("schema", "-o", project / "schema.json") == 0
    before = content(project)
    table = write(tmp_path / "t.csv", tables.plain())
    fit = ["fit", table, "-c", project / "run.yaml", "-o", project, "--overwrite"]
    assert tables.torso(*fit) == 1
    assert "is no run, and not empty" in capsys.readouterr().err
    assert content(project) == before


def test_links_files_and_the_home_directory(tmp_path, monkeypatch):
    somebodys(tmp_path / "proj", "search/code.py")
    (tmp_path / "link").symlink_to(tmp_path / "proj", target_is_directory=True)
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "file").write_text("x")
    for out, said in {
        "link": "is no run, and not empty",
        "nowhere": "a link that leads nowhere",
        "file": "is a file",
        "file/run": "is a file",
        "home": "your home directory",
        "~": "your home directory",
    }.items():
        place = out if out == "~" else tmp_path / out
        for overwrite in (False, True):
            with pytest.raises(RunError, match=said):
                torso.fit(tables.plain(), TARGETS, out=place, settings=QUICK, overwrite=overwrite)
    assert (tmp_path / "file").read_text() == "x"
    assert list((tmp_path / "home").iterdir()) == []


def test_a_link_to_an_empty_folder_or_to_a_run_is_as_good_as_that(tmp_path, finished):
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "empty", target_is_directory=True)
    torso.fit(tables.plain(), TARGETS, out=tmp_path / "link", settings=QUICK)
    assert (tmp_path / "empty" / "model.safetensors").exists()
    torso.fit(tables.plain(), TARGETS, out=tmp_path / "link", settings=QUICK, overwrite=True)


def test_overwriting_a_run_spares_what_others_put_there(tmp_path, finished):
    run = copied(finished, tmp_path / "run")
    index = run / "search" / "0123456789abcdef"
    kept = somebodys(
        run, "notes.txt", "search/code.py", "checkpoint/mine.pt", "search/x/about.json"
    )
    somebodys(run, "checkpoint.old/progress.json", "plots/a.png")
    mine = {path for path in content(run) if path.read_text("latin1") == "x"}
    mine.remove(run / "checkpoint.old" / "progress.json")
    somebodys(index, "about.json", "vectors.safetensors", "graph.usearch", "graph.safetensors")
    torso.fit(
        tables.plain(), ["loud"], out=kept, settings={**QUICK, "training.epochs": 2}, overwrite=True
    )
    after = content(run)
    for path in mine:
        assert after[path] == b"x"
    assert not index.exists()
    assert not (run / "checkpoint.old").exists()
    assert list(torso.load(run).schema.targets) == ["loud"]


@pytest.mark.parametrize("name", ["checkpoint.old", "checkpoint.new"])
def test_files_of_others_where_a_checkpoint_would_lie_are_refused(tmp_path, finished, name):
    run = copied(finished, tmp_path / "run")
    somebodys(run, f"{name}/mine.pt")
    before = content(run)
    for linked in (False, True):
        if linked:
            (run / name).rename(tmp_path / "away")
            (run / name).symlink_to(tmp_path / "away")
        with pytest.raises(RunError, match=f"{name}.*Move it away"):
            torso.fit(tables.plain(), ["loud"], out=run, settings=QUICK, overwrite=True)
    assert content(tmp_path / "away") == {tmp_path / "away" / "mine.pt": b"x"}
    assert {**content(run), run / name / "mine.pt": b"x"} == before


def test_saving_a_run_refuses_such_folders_too(tmp_path, finished):
    run = torso.load(finished)
    project = somebodys(tmp_path / "proj", "schema.json")
    with pytest.raises(RunError, match="is no run, and not empty"):
        run.save(project)
    assert content(project) == {project / "schema.json": b"x"}
    assert run.save(tmp_path / "new").save(tmp_path / "new").predict(tables.plain()) is not None


def test_the_demo_deletes_no_folder_called_run(tmp_path, capsys):
    somebodys(tmp_path, "data/table.csv", "run/mine.txt", "data/images/000000.png")
    before = content(tmp_path)
    assert tables.torso("demo", "-o", tmp_path, "--rows", 20) == 1
    assert "holds something else" in capsys.readouterr().err
    assert content(tmp_path) == before


def test_an_interrupted_run_saved_over_itself_can_still_go_on(tmp_path, finished):
    table, out = finished.parent / "table.csv", tmp_path / "run"
    settings = {**QUICK, "training.epochs": 2}
    run = torso.fit(table, ["loud"], out=out, settings=settings, listener=Stopper())
    run.save(out)
    assert torso.fit(out=out, resume=True).report.training.epochs == 2
    run = torso.fit(table, ["loud"], out=out, settings=settings, listener=Stopper(), overwrite=True)
    torso.load(finished).save(out)  # another run takes its place
    with pytest.raises(RunError, match="is finished: there is nothing to resume"):
        torso.fit(out=out, resume=True)
    assert not {"checkpoint", "log.jsonl"} & {entry.name for entry in out.iterdir()}


def test_an_interrupted_run_of_an_earlier_version_is_not_gone_on_with(tmp_path, capsys):
    table, out = write(tmp_path / "t.csv", tables.plain()), tmp_path / "run"
    torso.fit(table, ["loud"], out=out, settings=QUICK, listener=Stopper())
    progress = json.loads((out / "checkpoint" / "progress.json").read_text())
    del progress["about"]
    (out / "checkpoint" / "progress.json").write_text(json.dumps(progress))
    (out / "torso.json").unlink()
    assert torso.load(out).report.training.epochs == 1
    fit = ["fit", table, "-t", "loud", "-o", out, *options(QUICK)]
    for how in ([], ["--resume"]):
        assert tables.torso(*fit, *how) == 1
        assert "did not note the rows that it learnt from" in capsys.readouterr().err
    assert tables.torso(*fit, "--overwrite") == 0
    assert not (out / "checkpoint").exists()


def test_a_user_without_a_home(tmp_path, monkeypatch, finished):
    def homeless():
        raise RuntimeError("no home")

    monkeypatch.setattr(Path, "home", homeless)
    torso.load(finished).save(tmp_path / "run")


def test_a_run_of_the_first_format_counts_as_finished(tmp_path, capsys):
    old = copied(Path(__file__).parent / "first_format" / "run", tmp_path / "old")
    table = write(tmp_path / "t.csv", tables.plain())
    fit = ["fit", table, "-t", "loud", "-o", old]
    assert tables.torso(*fit) == 1
    assert "holds a finished run" in capsys.readouterr().err
    assert tables.torso(*fit, "--resume") == 1
    assert "there is nothing to resume" in capsys.readouterr().err
    assert tables.torso(*fit, "--overwrite", *options(QUICK)) == 0
    assert list(torso.load(old).schema.targets) == ["loud"]
    assert json.loads((old / "torso.json").read_text())["state"] == "finished"
