"""Names and settings are checked before a row is read; what hangs on the table stays open until it is."""

import time

import pytest
import torch

import torso
from torso.core.errors import ConfigError
from torso.runs import prepare
from torso.runs.settings.check import check_values
from torso.runs.settings.paths import apply_settings


def check(*settings, **values):
    values = {"targets": {"price": {}, "loud": {}}, **values}
    apply_settings(values, settings)
    return check_values(values)


WRONG = [
    ("fusion=gatde", r"^`fusion`: Unknown fusion 'gatde'\. Did you mean 'gated'\?"),
    ("fusion.hiden=3", r"^`fusion\.hiden`: Unknown setting .* Did you mean 'hidden'\?"),
    (
        "fusion={gated: {gate: softmx}}",
        r"^`fusion\.gate`: .*should be 'sigmoid' or 'softmax'\. Found 'softmx'\. Did you mean 'softmax'",
    ),
    ("fusion={sequential: {inner: gatde}}", r"^`fusion\.inner`: Unknown fusion 'gatde'"),
    ("fusion={sequential: {inner: {gated: {gate: x}}}}", r"^`fusion\.inner`: .* Found 'x'"),
    ("fusion={transformer: {heads: 7}}", r"^`fusion`: .*`heads` should divide the width 128"),
    ("fusion=3", r"`fusion` should be a part's name or a mapping"),
    ("sharing=mmoee", r"^`sharing`: Unknown sharing 'mmoee'\. Did you mean 'mmoe'"),
    ("sharing={mmoe: {experts: abc}}", r"^`sharing\.experts`: .*a whole number\. Found 'abc'"),
    ("sharing={branches: {tree: [[pric, loud]]}}", r"Unknown task in `tree`: 'pric'"),
    ("balancing=fixed", r"^`balancing`: .* needs the setting `weights`"),
    ("balancing={fixed: {weights: {prce: 2}}}", r"Unknown task in `weights`: 'prce'"),
    ("balancing={famo: {lr: high}}", r"^`balancing\.lr`: .*a number\. Found 'high'"),
    ("epochs=3", r"Unknown key 'epochs'\. Did you mean 'training\.epochs'"),
    ("training.stratify=a", r"Did you mean 'data\.split\.stratify'"),
    ("training.epoch=3", r"Did you mean 'epochs'"),
    ("training.epochs=-1", r"`training\.epochs` should be greater than or equal to 1\. Found -1"),
    ("inputs.a.kind=nmber", r"^`inputs\.a`: Unknown input kind 'nmber'\. Did you mean 'number'"),
    ("inputs.a={kind: image, size: 3}", r"^`inputs\.a`: .*from 16 to 1024 pixels\. Found 3"),
    ("inputs.a.sizes=3", r"^`inputs\.a\.sizes`: Unknown setting of any .* Did you mean 'size'"),
    ("inputs.a.size=abc", r"^`inputs\.a\.size`: .*a whole number\. Found 'abc'"),
    ("targets.price.kind=numbr", r"^`targets\.price`: Unknown target kind 'numbr'"),
    ("encoders.photo=convnett", r"^`encoders\.photo`: Unknown encoder .* Did you mean 'convnet'"),
    ("encoders.photo.widht=4", r"^`encoders\.photo\.widht`: .* Did you mean 'width'"),
    ("encoders.numbers.layout=x", r"^`encoders\.numbers\.layout`: .*'joint' or 'columns'"),
    ("encoders.numbers=convnet", r"^`encoders\.numbers`: Unknown encoder 'convnet'"),
    ("encoders.photo={hub: {train: full}}", r"^`encoders\.photo`: .* needs the setting `name`"),
    ("heads.price=studnt", r"^`heads\.price`: Unknown head 'studnt'\. Did you mean 'student'"),
    ("heads.price.levle=1", r"^`heads\.price\.levle`: .* Did you mean 'level'"),
    ("heads.prce=student", r"Unknown task in `heads`: 'prce'\. Did you mean 'price'"),
]


@pytest.mark.parametrize(("setting", "message"), WRONG)
def test_what_is_wrong_is_named_with_its_path_and_the_cure(setting, message):
    with pytest.raises(ConfigError, match=message):
        check(setting)


def test_a_number_that_yaml_reads_as_text_is_written_out():
    with pytest.raises(ConfigError, match=r"Write 0\.001; YAML reads 1e-3 as text"):
        check_values({"targets": ["price"], "balancing": {"famo": {"lr": "1e-3"}}})


@pytest.mark.parametrize(
    "setting",
    [
        "fusion={gated: {gate: softmax}}",
        "fusion={sequential: {order: [unknown, yet]}}",
        "fusion={hierarchical: {tree: [[unknown, yet]], inner: gated}}",
        "sharing={branches: {tree: [[price, loud]]}}",
        "balancing={ema: {method: {pcd: {primary: loud}}}}",
        "encoders.photo.width=48",
        "encoders.numbers={periodic: {}, width: 4}",
        "encoders.photo.lr=1e-4",
        "encoders.photo=convnet",
        "heads.price=student",
        "heads.price.level=0.5",
        "inputs.photo.size=32",
        "inputs.photo=null",
        "fusion={}",
    ],
)
def test_what_may_be_right_passes(setting):
    before = torch.random.get_rng_state()
    check(setting)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_known_kinds_narrow_what_fits():
    check("heads.price=student", targets={"price": "number"})
    with pytest.raises(ConfigError, match=r"^`heads\.price`: Unknown head 'student'\. .*'softmax'"):
        check("heads.price=student", targets={"price": "category"})
    check("encoders.photo=vit", inputs={"photo": "image"})
    with pytest.raises(ConfigError, match=r"^`encoders\.photo`: Unknown encoder 'vit'"):
        check("encoders.photo=vit", inputs={"photo": {"kind": "audio"}})


def test_heads_of_single_modalities_leave_their_losses_open():
    check("modality_heads=true", "balancing={fixed: {weights: {price from photo: 2}}}")
    check("modality_heads=true", "balancing=ogm_ge")


@pytest.mark.parametrize("setting", ["fusion=gatde", "epochs=3", "heads.price.levle=1"])
def test_a_slip_fails_before_a_row_is_read(setting, monkeypatch):
    def read_table(*_, **__):
        raise AssertionError("the table was read")

    monkeypatch.setattr(prepare, "read_table", read_table)
    start = time.process_time()
    with pytest.raises(ConfigError, match="Did you mean"):
        torso.fit("a_million_rows.csv", ["price"], settings=[setting])
    assert time.process_time() - start < 1
