"""The file of an exported model: what was put in comes out, and whoever changed a byte is told."""

import base64
import json

import numpy as np
import pytest

from torso.core.errors import RunError
from torso.runtime.container import FORMAT, field, opened, parsed, run_digest, stamped

GRAPH = (
    b"\x08\x0a"
    + field(7, field(2, b"a graph with a name"))
    + field(14, field(1, b"author") + field(2, b"me"))
)
TOLD = {"run": {"name": "demo"}, "words": "süß 中文"}
ARRAYS = {"view/kept": np.arange(3), "view/mean": np.float32([[0.5]])}
FILE = stamped(GRAPH, TOLD, ARRAYS)


def entry(key: bytes, value: bytes) -> bytes:
    return field(14, field(1, key) + field(2, value))


def test_what_was_put_in_comes_out_and_the_graph_stays():
    exported = parsed(FILE, "model.onnx")
    assert {**exported.description, **TOLD} == exported.description
    assert exported.description["format"] == FORMAT
    assert exported.arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(exported.arrays[name], array)
        assert exported.arrays[name].dtype == array.dtype
    assert FILE.startswith(GRAPH)  # other metadata, too
    assert stamped(FILE, TOLD, ARRAYS) == FILE  # a second stamp takes the place of the first


def test_the_package_onnx_reads_the_same():
    onnx = pytest.importorskip("onnx", reason="needs torso[export]")
    model = onnx.ModelProto()
    model.ParseFromString(FILE)
    told = {each.key: each.value for each in model.metadata_props}
    assert json.loads(told["torso"])["run"] == TOLD["run"] and told["author"] == "me"


OTHER = stamped(field(7, field(2, b"another graph")), TOLD, ARRAYS)
MIXED = field(7, field(2, b"another graph")) + FILE[len(GRAPH) :]
NEWER = GRAPH + entry(b"torso", json.dumps({"format": FORMAT + 1, "torso": "9.0"}).encode())
BAD = {
    b"": "no ONNX model",
    b"PK\x03\x04 a zip": "no ONNX model",
    FILE[: len(FILE) // 2]: "cut off|damaged",
    FILE[:-1]: "cut off",
    GRAPH: "none that Torso exported",
    NEWER: r"exported by Torso 9.0 \(format 2\).*Update Torso",
    MIXED: "digest is not that of its content",
    FILE.replace(b"demo", b"demi"): "digest is not that of its content",
    GRAPH + entry(b"torso", b"{"): "its description is no JSON",
    GRAPH + entry(b"torso", b"\xff"): "its description is no JSON",
    GRAPH + entry(b"torso", b"[" * 100_000): "its description is no JSON",
    GRAPH + entry(b"torso", b"[1]"): "should be an object",
    GRAPH + entry(b"torso", b'{"format": "1"}'): "digest",
}


@pytest.mark.parametrize("content", BAD, ids=[*map(str, range(len(BAD)))])
def test_other_files_are_refused_in_a_sentence(content, tmp_path):
    (tmp_path / "model.onnx").write_bytes(content)
    with pytest.raises(RunError, match=BAD[content]) as refused:
        opened(tmp_path / "model.onnx")
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 400


def test_no_cut_and_no_changed_byte_goes_unnoticed():
    draws = np.random.default_rng(0)
    for at in draws.integers(len(FILE), size=100):
        changed = bytearray(FILE)
        changed[at] ^= 1 << draws.integers(8)
        for content in (FILE[:at], bytes(changed)):
            with pytest.raises(RunError):
                parsed(content, "model.onnx")


def test_arrays_that_are_none_are_refused(monkeypatch):
    monkeypatch.setattr("torso.runtime.container._digest", lambda *_: "")
    told = entry(b"torso", json.dumps({"format": FORMAT, "digest": ""}).encode())
    for packed in (b"%%%", base64.b64encode(b"\x80\x04pickle."), base64.b64encode(b"\xff" * 40)):
        with pytest.raises(RunError, match="its arrays"):
            parsed(GRAPH + told + entry(b"torso.arrays", packed), "model.onnx")


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(RunError, match="does not exist"):
        opened(tmp_path / "model.onnx")
    with pytest.raises(RunError, match="is a folder"):
        opened(tmp_path)


def test_the_digest_of_a_run_goes_by_what_answers(tmp_path):
    for name in ("schema.json", "model.safetensors", "metrics.json"):
        (tmp_path / name).write_text(name)
    first = run_digest(tmp_path)
    (tmp_path / "metrics.json").write_text("certified since")
    assert run_digest(tmp_path) == first
    (tmp_path / "model.safetensors").write_text("trained again")
    assert run_digest(tmp_path) != first
