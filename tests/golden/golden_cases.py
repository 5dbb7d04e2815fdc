"""The runs: every kind of input and label, every fusion, sharing and balancer, and each way to train."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from golden_tables import FRAMES, SIDE

SMALL = {
    "dim": 16,
    "training.epochs": 2,
    "training.batch_size": 16,
    "training.lr": 5e-3,
    "training.device": "cpu",
    "training.precision": "float32",
    "training.select": "total",  # as all runs were when the file was recorded
    "blend": "off",
    "sizes": False,
    "folds": 0,
    "pretrained": "off",
}
TABULAR = {
    "note": "text",
    "size": "number",
    "weight": "number",
    "shop": "category",
    "sunny": "binary",
    "day": "datetime",
    "spots": "vector",
    "curve": "sequence",
}
FEW = {name: TABULAR[name] for name in ("note", "size", "spots")}
NUMBERS = {name: TABULAR[name] for name in ("size", "weight", "shop", "spots")}
THREE = {"colour": "category", "loud": "binary", "price": "number"}
LABELS = {
    **THREE,
    "place": "vector",
    "labels": "multilabel",
    "grade": {"kind": "ordinal", "order": ["low", "mid", "high"]},
    "visits": "count",
    "weeks": {"kind": "survival", "event": "ended", "horizons": [4, 12]},
}
PHOTO = {"kind": "image", "size": SIDE}
SOUND = {"kind": "audio", "rate": 4000, "mels": 8}
CLIP = {"kind": "video", "size": SIDE, "frames": FRAMES}
CONVNET = {"type": "convnet", "width": 8, "stages": 1}
PYRAMID = {"stride": 2, "width": 8, "stages": 1}


@dataclass(frozen=True)
class Case:
    """One run.

    Attributes:
        name: what it is called.
        table: which table of `golden_tables` it learns from.
        inputs: column -> kind, as for `torso.fit`.
        targets: task -> kind, likewise.
        settings: beyond `SMALL`.
        way: `fit`, `own tables` (for validation and test), `resume` or `estimator`.
        keep: whether `--keep` keeps its folder.
        more: what else is written down: `robustness`, or a text to search for.
    """

    name: str
    table: str
    inputs: Mapping[str, Any]
    targets: Mapping[str, Any]
    settings: Mapping[str, Any] = field(default_factory=dict)
    way: str = "fit"
    keep: bool = False
    more: str = ""

    @property
    def named(self) -> dict[str, Any]:
        """The parts that a case names although `settings` do not: the defaults of the first recording."""
        return {"sharing": "hard"} | {
            f"encoders.{column}": "transformer"
            for column, kind in self.inputs.items()
            if kind == "text"
            and not any(key.startswith(f"encoders.{column}") for key in self.settings)
        }


# balancer, fusion, sharing: each at least once
TREE = {"type": "hierarchical", "tree": [["note", "numbers"], "spots"], "inner": "gated"}
PARTS: list[tuple[Any, Any, Any]] = [
    ("equal", "concat", "hard"),
    ("uncertainty", "sequential", "mmoe"),
    ({"type": "gls", "shift": True}, "transformer", "separate"),
    ("upgrad", TREE, "cgc"),
    ("nash_mtl", "bottleneck", "adapters"),
    ("graddrop", "central", "branches"),
    ({"type": "upgrad", "gram": "exact"}, "cross_attention", "cross_stitch"),
    ("aligned_mtl", "experts", "dselect_k"),
    ("cagrad", "film", "film"),
    ("config", "gated", "learned_branching"),
    ("dbmtl", "late", "lora"),
    ("dual_proj", "low_rank", "mtan"),
    ({"type": "dwa", "shift": True}, "max", "nddr"),
    ("ema", "mean", "ple"),
    ("excess_mtl", "mmtm", "sluice"),
    ("fairgrad", "mult", {"type": "hard", "hidden": [16]}),
    ("famo", "perceiver", "soft"),
    ({"type": "fixed", "weights": {"price": 0.5}}, "progressive", "hard"),
    ("go4align", "recurrent", {"type": "branches", "tree": [["colour", "loud"], "price"]}),
    ("grad_vac", "sum", "hard"),
    ("gradnorm", {"type": "sequential", "inner": "film"}, "hard"),
    ("imtl_l", {"type": "late", "rule": "product"}, "separate"),
    ("imtlg", "concat", "cgc"),
    ("ldc_mtl", "sum", "mmoe"),
    ("mgda", {"type": "progressive", "inner": "gated"}, "hard"),
    ("moco", "concat", "ple"),
    ("modo", "mean", "hard"),
    ({"type": "pcd", "primary": "price"}, "concat", "mmoe"),
    ("pcgrad", "transformer", "mmoe"),
    ("rlw", "sequential", "hard"),
    ("sdmgrad", "gated", "cross_stitch"),
    ({"type": "stch", "shift": True, "warmup": 1}, "concat", "hard"),
    ({"type": "uwso", "shift": True}, "max", "hard"),
]
ALONE = ["equal", "mmpareto", "ogm_ge", {"type": "gradient_blending", "every": 1}]


def name_of(part: Any) -> str:
    """Name a part and those of its settings that are words."""
    words = [part] if isinstance(part, str) else [*part.values()]
    return "-".join(word for word in words if isinstance(word, str))


def part_cases() -> list[Case]:
    """List runs that differ in fusion, sharing and balancer."""
    cases = []
    for balancer, fusion, sharing in PARTS:
        name = f"{name_of(balancer)}, {name_of(fusion)}, {name_of(sharing)}"
        settings = {"balancing": balancer, "fusion": fusion, "sharing": sharing}
        cases.append(Case(name, "columns", FEW, THREE, settings))
    for balancer in ALONE:
        settings = {"balancing": balancer, "modality_heads": True, "training.epochs": 3}
        name = f"modality heads, {name_of(balancer)}"
        cases.append(Case(name, "columns", FEW, THREE, settings, keep=balancer == "mmpareto"))
    return cases


def head_cases() -> list[Case]:
    """List runs with heads that are no kind's default, or have other settings."""
    first = {"price": "student", "visits": "poisson", "weeks": "log_normal"}
    second = {
        "price": {"type": "quantiles", "level": 0.8, "quantiles": [0.25, 0.75]},
        "visits": {"type": "negative_binomial", "spread": "row"},
        "weeks": "log_logistic",
    }
    third = {
        "price": {"type": "gaussian", "spread": "row", "hidden": 16},
        "visits": {"type": "negative_binomial", "hidden": 8, "dropout": 0.1},
        "weeks": {"type": "hazards", "waves": 2},
    }
    fourth = {
        "colour": {"type": "softmax", "smoothing": 0.1, "weights": "balanced", "focal": 1.0},
        "price": {"type": "gaussian", "spread": "none"},
        "place": {"type": "gaussian", "spread": "row"},
        "grade": {"type": "cumulative", "hidden": 8},
    }
    return [
        Case(
            f"heads {number}",
            "columns",
            NUMBERS,
            {task: LABELS[task] for task in heads},
            {"heads": heads},
        )
        for number, heads in enumerate((first, second, third, fourth), start=1)
    ]


def training_cases() -> list[Case]:
    """List runs that differ in how rows are split, hidden, blended, averaged, and in how `fit` is called."""
    average = {"training.average": 0.9, "training.epochs": 3}
    flagged = {"kind": "sequence", "time": "first", "gaps": "flag"}
    split = {"data.split.group": "family", "data.split.validation": 0.2}
    own = {"data.split.column": "part"}
    return [
        Case("every tabular kind", "columns", TABULAR, LABELS, keep=True, more="robustness"),
        Case("defaults of small tables", "columns", NUMBERS, THREE),
        Case(
            "kinds inferred", "columns", {}, [*THREE], {"inputs.ended": None, "inputs.part": None}
        ),
        Case(
            "missing: skip", "columns", TABULAR, THREE, {"missing": "skip", "fusion": "sequential"}
        ),
        Case("mixup", "columns", TABULAR, LABELS, {"training.mixup": 0.3}),
        Case(
            "mixup, pcgrad", "columns", FEW, THREE, {"training.mixup": 0.3, "balancing": "pcgrad"}
        ),
        Case("modality dropout", "columns", FEW, THREE, {"training.modality_dropout": 0.4}),
        Case("average", "columns", FEW, THREE, average),
        Case("group split", "columns", FEW, THREE, split),
        Case("split column", "columns", FEW, THREE, own),
        Case("stratify", "columns", FEW, THREE, {"data.split.stratify": "colour"}),
        Case("seed, no test rows", "columns", FEW, THREE, {"seed": 3, "data.split.test": 0.0}),
        Case("bfloat16", "columns", FEW, THREE, {"training.precision": "bfloat16"}),
        Case("own tables", "columns", FEW, THREE, way="own tables"),
        Case("resume", "columns", FEW, THREE, {**average, "balancing": "uncertainty"}, "resume"),
        Case("resume, gradnorm", "columns", FEW, THREE, {"balancing": "gradnorm"}, "resume"),
        Case("estimator", "columns", FEW, THREE, way="estimator"),
        Case(
            "encoders",
            "columns",
            {**TABULAR, "curve": flagged, "day": {"kind": "datetime", "modality": "when"}},
            THREE,
            {
                "encoders.note": {"type": "ngrams", "buckets": 500},
                "encoders.numbers": {"type": "periodic", "layout": "columns"},
                "encoders.categories": {"type": "embedding", "layout": "columns"},
                "encoders.curve": "time2vec",
                "training.average": 0.0,
                "fusion": "transformer",
            },
        ),
    ]


def text_cases() -> list[Case]:
    """List runs whose labels lie along texts and series, are texts, or are inputs."""
    series = {"kind": "sequence", "time": "first"}
    matched = {"note": "text", "word": "text", "spots": "vector"}
    again = {
        "size again": {"column": "size"},
        "spots again": {"column": "spots"},
        "word again": {"kind": "category", "column": "word"},
    }
    restored = {"size": {"kind": "number", "modality": "size"}, "spots": "vector", "word": "text"}
    along = {"spans": "tags", "states": {"kind": "tags", "of": "series"}}
    along["spans"] = {"kind": "tags", "of": "note"}
    writes = {"says": "caption", "word": "category"}
    sees = {"spots": "vector", "note": "text"}
    narrow = {"heads.says.width": 16}
    return [
        Case("tags", "texts", {"note": "text", "series": series, "size": "number"}, along),
        Case(
            "tags with chains",
            "texts",
            {"series": series, "size": "number"},
            {"states": "tags"},
            {"heads.states.chain": True, "encoders.series": "time2vec"},
            keep=True,
        ),
        Case("caption", "texts", sees, writes, narrow),
        Case("caption with beams", "texts", sees, writes, {**narrow, "heads.says.beams": 3}),
        Case(
            "retrieval",
            "texts",
            matched,
            {"together": {"kind": "retrieval", "column": "thing"}, "says": "caption"},
            narrow,
            keep=True,
            more="apple",
        ),
        Case("retrieval of rows", "texts", matched, {"together": "retrieval"}),
        Case("reconstruction", "texts", restored, again, {"training.modality_dropout": 0.4}),
        Case("autoencoder", "texts", restored, again, {"training.modality_dropout": 0.0}),
    ]


def media_cases() -> list[Case]:
    """List runs on pictures, recordings and videos."""
    seen = {"photo": PHOTO, "sound": SOUND, "note": "text", "size": "number"}
    two = {"colour": "category", "loud": "binary"}
    area = {
        "kind": "mask",
        "size": SIDE,
        "classes": {"none": 0, "red": 100, "green": 200, "blue": 44},
    }
    depth = {"kind": "map", "size": [SIDE, 8]}
    things = {"kind": "boxes", "picture": [SIDE, SIDE], "least": 0.03}
    again = {"kind": "map", "column": "photo", "colours": True, "size": SIDE}
    convnets = {"encoders.photo": CONVNET, "encoders.sound": CONVNET}
    augment = {"crop": 0.2, "flip": True, "colour": 0.3, "cutout": 0.2}
    cases = [
        Case(
            "augmented pictures",
            "pictures",
            {"photo": PHOTO},
            {"note": "category"},
            {"encoders.photo": {**CONVNET, "augment": augment}},
        ),
        Case("pictures and sounds", "media", seen, two, {**convnets, "fusion": "sequential"}),
        Case(
            "other encoders",
            "media",
            seen,
            two,
            {
                "encoders.photo": {"type": "vit", "depth": 1, "patch": 4, "tokens": 2},
                "encoders.sound": {"type": "conformer", "depth": 1, "kernel": 5},
                "fusion": "bottleneck",
            },
        ),
        Case(
            "masks, maps and boxes",
            "media",
            {"photo": PHOTO, "note": "text"},
            {"area": area, "depth": depth, "things": things, "colour": "category"},
            {"encoders.photo": PYRAMID, "heads.area.width": 12, "heads.depth.width": 12},
            keep=True,
        ),
        Case(
            "pictures again",
            "pictures",
            {"photo": PHOTO, "note": "text"},
            {"again": again},
            {"encoders.photo": PYRAMID, "training.modality_dropout": 0.4},
        ),
    ]
    if find_spec("transformers") is not None:
        cases += hub_cases(two)
    if find_spec("av") is None:
        return cases
    shown = {"clip": CLIP, "size": "number"}
    tracks = {"kind": "tracks", "picture": [32, 32], "least": 0.1}
    frame = {"encoders.clip.frame": CONVNET}
    whole = {"clip": {**CLIP, "size": 32}}
    fine = {"encoders.clip.frame": {"type": "pyramid", "stride": 8, "width": 8, "stages": 2}}
    return [
        *cases,
        Case("videos", "films", shown, {"way": "binary"}, frame),
        Case("tracks", "films", whole, {"things": tracks, "way": "binary"}, fine),
    ]


def hub_cases(targets: Mapping[str, Any]) -> list[Case]:
    """List runs on pretrained encoders; `tiny:bert` stands for the folder of a tiny one."""
    seen = {"photo": "image", "sound": "audio", "note": "text", "size": "number"}
    photo, sound, note = (
        {"type": "hub", "name": f"tiny:{kind}"} for kind in ("vit", "wav2vec2", "bert")
    )
    frozen = {
        "encoders.photo": {**photo, "jitter": 0.5, "views": 3},
        "encoders.sound": sound,
        "encoders.note": {**note, "keep": "all"},
    }
    tuned = {
        "encoders.photo": {**photo, "train": "last_n", "layers": 1, "lr": 1e-3},
        "encoders.sound": {**sound, "once": "float16", "keep": "all", "tokens": 2},
        "encoders.note": {**note, "train": "lora", "rank": 2},
    }
    return [
        Case("pretrained, frozen", "media", seen, targets, frozen),
        Case("pretrained, tuned", "media", seen, targets, tuned),
    ]


def all_cases() -> list[Case]:
    """List all runs."""
    return [*training_cases(), *text_cases(), *media_cases(), *head_cases(), *part_cases()]
