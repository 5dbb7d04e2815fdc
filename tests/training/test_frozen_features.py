"""A frozen encoder runs once per row and training starts from its tokens, with the same result."""

import json

import numpy as np
import pytest
import torch

import torso
from tests import small_tables as tables
from tests.encoders.hub import tiny
from torso.columns.dataset import Dataset
from torso.columns.loader import features_of
from torso.columns.sources import ArraySource, RaggedSource
from torso.core.errors import ConfigError
from torso.core.hub import find_model
from torso.encoders import Encoder
from torso.fusion import Fusion
from torso.model.model import Model
from torso.model.trunk import Trunk
from torso.sharing import Sharing
from torso.tables.table import read_table
from torso.tasks import Head
from torso.training import encode_frozen, run_frozen_once, shows_views
from torso.training.listeners import Listener

pytest.importorskip("transformers", reason="the extra `hub` is not installed")

HUB = {
    "inputs.photo.kind": "image",
    "inputs.sound.kind": "audio",
    "encoders.photo": {"type": "hub", "name": "vit"},
    "encoders.sound": {"type": "hub", "name": "wav2vec2"},
    "encoders.note": {"type": "hub", "name": "bert", "keep": "all"},
    "training.epochs": 2,
    "training.modality_dropout": 0.2,
}


def settings(**own):
    """Return settings of a fit with three tiny pretrained encoders, each with the settings `own`."""
    settings = {**tables.TINY, **HUB}
    for name in ("photo", "sound", "note"):
        spec = settings[f"encoders.{name}"]
        settings[f"encoders.{name}"] = {**spec, "name": tiny.model(spec["name"]), **own}
    return settings


def fit(folder, **own):
    return torso.fit(
        folder / "table.csv",
        tables.TARGETS,
        inputs=tables.INPUTS,
        settings=settings(**own),
        out=folder / "run",
        overwrite=True,
    )


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    folder = tmp_path_factory.mktemp("table")
    path = tables.make(folder)

    def gaps(columns):
        columns["photo"][3] = columns["sound"][4] = columns["note"][5] = ""

    tables.change(path, gaps)
    return folder


def answers(run, folder):
    frame = run.predict(folder / "table.csv")
    return frame.select_dtypes("number").to_numpy()


def test_the_same_result_as_without(table):
    cached, plain = (answers(fit(table, once=once), table) for once in ("float32", "never"))
    np.testing.assert_allclose(cached, plain, rtol=0, atol=1e-5)
    half = answers(fit(table, once="float16"), table)
    np.testing.assert_allclose(half, plain, rtol=0, atol=2e-2)
    assert not np.array_equal(half, plain)


def test_a_run_is_pinned_and_stores_no_frozen_weights(table):
    run = fit(table)
    config = run.config
    assert config.encoders["photo"]["revision"] == find_model(tiny.model("vit")).revision
    assert config.inputs["photo"]["size"] == 16
    assert config.inputs["sound"]["layout"] == "samples"
    assert config.inputs["sound"]["rate"] == 4000
    assert config.inputs["note"]["tokenizer"] == find_model(tiny.model("bert")).reference
    stored = run.model.state_dict()
    assert not [name for name in stored if "backbone" in name]
    loaded = torso.load(table / "run")
    assert np.array_equal(answers(loaded, table), answers(run, table))


def test_a_run_whose_model_changed_is_not_loaded(table, tmp_path):
    folder = tiny.save("bert", tmp_path / "model")
    torso.fit(
        tables.plain(),
        tables.TARGETS,
        settings={**tables.TINY, "encoders.note": {"type": "hub", "name": str(folder)}},
        out=tmp_path / "run",
    )
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "hidden_act": "relu"}))
    with pytest.raises(ConfigError, match="is not the one that was named"):
        torso.load(tmp_path / "run")


def test_a_pretrained_tokenizer_reads_what_it_should(table):
    run = fit(table)
    kind = run.schema.inputs["note"]
    column = read_table({"note": ["a red thing", "", None, "blue " * 90]}).column("note")
    values, mask = kind.source(column, None).batch(np.arange(4))
    assert values[0, :5].tolist() == [2, 4, 5, 8, 3]
    assert mask.sum(1).tolist() == [5, 0, 0, 64]
    assert values[3, 63] == 3  # the end of a text that was cut is still marked


def test_a_fit_names_the_encoder_that_is_refused(table):
    with pytest.raises(ConfigError, match=r"`encoders.note`: .* \(vit\) is a model of pictures"):
        torso.fit(
            tables.plain(),
            tables.TARGETS,
            settings={**tables.TINY, "encoders.note": {"type": "hub", "name": tiny.model("vit")}},
        )


@pytest.mark.parametrize("train", ["lora", "last_n", "full"])
def test_training_the_backbone_in_a_run(table, train):
    run = torso.fit(
        table / "table.csv",
        tables.TARGETS,
        inputs=tables.INPUTS,
        settings={
            **settings(train=train, layers=1, lr=0.01, checkpointing=True),
            "balancing": {"type": "upgrad"},
        },
        out=table / "run",
        overwrite=True,
    )
    assert [name for name in run.model.state_dict() if "backbone" in name]
    assert np.array_equal(answers(torso.load(table / "run"), table), answers(run, table))


def counting(monkeypatch, encoder):
    """Return the numbers of rows that the backbone has been given, filled as it runs."""
    seen = []
    run_backbone = encoder.run_backbone
    monkeypatch.setattr(
        encoder,
        "run_backbone",
        lambda features, view=0: seen.append(len(features)) or run_backbone(features, view),
    )
    return seen


@pytest.fixture
def model():
    torch.manual_seed(0)
    spec = {"type": "text/hub", "name": tiny.model("bert"), "keep": "all", "tokens": 0}
    encoders = {"note": Encoder.build(spec, dim=8)}
    fusion = Fusion.registry.build("concat", modalities=["note"], dim=8)
    sharing = Sharing.registry.build("hard", tasks=["loud"], dim=8)
    head = Head.registry.build("binary/logistic", dim=sharing.width)
    return Model(
        {name: Trunk(encoders, fusion) for name in sharing.trunks()}, sharing, {"loud": head}
    )


def notes(rows):
    flat = np.concatenate([np.array(row, np.int32) for row in rows])
    return RaggedSource(flat, np.array([len(row) for row in rows]), dtype=np.int64)


def encoder_of(model):
    return next(trunk for _, trunk in model.trunks.pairs()).encoders["note"]


def test_equal_rows_are_run_once_ever(model, tmp_path, monkeypatch):
    rows = [[2, 4, 3], [2, 5, 6, 3], [], [2, 4, 3], [2, 3]]
    encoder = encoder_of(model)
    seen = counting(monkeypatch, encoder)
    once = run_frozen_once(model, Dataset(5, {"note": notes(rows)}, {}), tmp_path)
    assert seen == [3]
    features = features_of(once.sources["note"], np.arange(5))
    assert features.encoded
    assert features.mask.sum(1).tolist() == [3, 4, 0, 3, 2]
    expected = encoder.eval()(features_of(notes(rows), np.arange(5)))
    tokens = encoder(features)
    seen.clear()
    assert torch.equal(tokens.mask, expected.mask)
    torch.testing.assert_close(tokens.values, expected.values, rtol=0, atol=1e-6)
    run_frozen_once(model, Dataset(2, {"note": notes(rows[3:])}, {}), tmp_path)
    assert seen == []
    run_frozen_once(model, Dataset(2, {"note": notes([[2, 7, 3], [2, 4]])}, {}), tmp_path)
    assert seen == [2]


def test_damaged_tokens_are_run_again_and_told(model, tmp_path, monkeypatch):
    rows = [[2, 4, 3], [2, 5, 6, 3], [2, 3]]
    dataset = Dataset(3, {"note": notes(rows)}, {})
    values, _ = run_frozen_once(model, dataset, tmp_path).sources["note"].batch(np.arange(3))
    [data] = tmp_path.glob("*/*.bin")
    content = bytearray(data.read_bytes())
    content[-1] ^= 1  # one number of one row
    data.write_bytes(content)
    seen, told = counting(monkeypatch, encoder_of(model)), []
    listener = Listener()
    listener.noted = told.append
    again = run_frozen_once(model, dataset, tmp_path, listener=listener)
    assert seen == [1] and "they are made anew" in told[0]
    np.testing.assert_allclose(again.sources["note"].batch(np.arange(3))[0], values, atol=1e-6)
    seen.clear()
    run_frozen_once(model, dataset, tmp_path)
    assert seen == []


def test_rows_that_are_known_to_be_equal_are_run_once_in_memory(model, monkeypatch):
    rows = [[2, 4, 3], [2, 5, 6, 3], [], [2, 4, 3], []]
    source = notes(rows)
    plain = encode_frozen(model, Dataset(5, {"note": notes(rows)}, {})).sources["note"]
    source.same = np.array([0, 1, 2, 0, 2])
    seen = counting(monkeypatch, encoder_of(model))
    shared = encode_frozen(model, Dataset(5, {"note": source}, {})).sources["note"]
    assert seen == [2]
    for one, other in zip(shared.batch(np.arange(5)), plain.batch(np.arange(5)), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    assert shared.present().tolist() == [True, True, False, True, False]


def test_nothing_to_run(model, tmp_path):
    once = run_frozen_once(model, Dataset(2, {"note": notes([[], []])}, {}), tmp_path)
    features = features_of(once.sources["note"], np.arange(2))
    assert not features.mask.any()
    assert not encoder_of(model)(features).mask.any()


def test_an_encoder_that_is_trained_is_left_alone(tmp_path):
    encoders = {"size": Encoder.build("numbers/periodic", dim=8, columns=1)}
    fusion = Fusion.registry.build("concat", modalities=["size"], dim=8)
    sharing = Sharing.registry.build("hard", tasks=["loud"], dim=8)
    head = Head.registry.build("binary/logistic", dim=sharing.width)
    trunks = {name: Trunk(encoders, fusion) for name in sharing.trunks()}
    source = ArraySource(np.zeros((2, 1), np.float32), np.ones((2, 1), bool))
    once = run_frozen_once(
        Model(trunks, sharing, {"loud": head}), Dataset(2, {"size": source}, {}), tmp_path
    )
    assert once.sources["size"] is source


def test_views_are_shown_in_turn_and_only_in_training(table):
    shown = {
        "encoders.photo": {"type": "hub", "name": tiny.model("vit"), "jitter": 0.5, "views": 3}
    }
    run = torso.fit(
        table / "table.csv",
        tables.TARGETS,
        inputs=["photo", "note"],
        settings={**settings(), **shown},
    )
    assert np.isfinite(answers(run, table)).all()
    trunk = next(trunk for _, trunk in run.model.trunks.pairs())
    model = Model({"all": trunk}, run.model.sharing, {})
    pictures = torch.randint(256, (5, 16, 16, 3), dtype=torch.uint8).numpy()
    dataset = Dataset(5, {"photo": ArraySource(pictures, np.array([1, 1, 1, 0, 1]) > 0)}, {})
    model.trunks["all"].encoders = type(trunk.encoders)({"photo": trunk.encoders["photo"]})
    assert shows_views(model)
    plain = run_frozen_once(model, dataset, table / "cache")
    views = run_frozen_once(model, dataset, table / "cache", learned=np.array([0, 1, 3, 4]))
    rows, passes = np.array([4, 3, 0]), []
    for number in range(4):
        views.turn(number)
        features = features_of(views.sources["photo"], rows)
        assert features.encoded
        assert features.mask[:, 0].tolist() == [True, False, True]
        passes.append(features.values[:, 0])
    assert torch.equal(passes[0], passes[3])
    assert not torch.equal(passes[0][0], passes[1][0])
    expected = {
        view: trunk.encoders["photo"].run_backbone(
            features_of(dataset.sources["photo"], np.array([4])), view=view
        )
        for view in range(4)
    }
    views = {
        v
        for batch in passes
        for v in range(4)
        if torch.allclose(batch[0], expected[v].values[0, 0], atol=1e-6)
    }
    assert views == {1, 2, 3}
    unmoved = features_of(plain.sources["photo"], np.array([4]))
    torch.testing.assert_close(unmoved.values, expected[0].values, rtol=0, atol=1e-6)
