"""Small tables with gaps, drawn from seeds, that hold every kind of input and of label."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import soundfile
from PIL import Image

SIDE = 16
FRAMES = 3
COLOURS = {"red": (200, 30, 30), "green": (30, 200, 30), "blue": (30, 30, 200)}
WORDS = ["apple", "river", "stone", "cloud"]


def with_gaps(values: Any, every: int, first: int) -> list[Any]:
    """Replace every n-th cell, counted from the `first`, by None."""
    return [None if row % every == first else cell for row, cell in enumerate(values)]


def png(values: np.ndarray) -> bytes:
    """Encode an array of bytes as a PNG."""
    stream = io.BytesIO()
    Image.fromarray(values).save(stream, "PNG")
    return stream.getvalue()


def wav(pitch: float, samples: int) -> bytes:
    """Encode a tone at 4 kHz as a WAV."""
    stream = io.BytesIO()
    tone = 0.3 * np.sin(2 * np.pi * pitch * np.arange(samples) / 4000)
    soundfile.write(stream, tone, 4000, format="WAV", subtype="PCM_16")
    return stream.getvalue()


def mp4(frames: np.ndarray) -> bytes:
    """Encode RGB `[frames, height, width, 3]` as a video."""
    import av

    stream = io.BytesIO()
    with av.open(stream, "w", format="mp4") as file:
        video = file.add_stream("mpeg4", rate=10)
        video.height, video.width = frames.shape[1:3]
        video.pix_fmt = "yuv420p"
        for frame in frames:
            file.mux(video.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        file.mux(video.encode())
    return stream.getvalue()


def columns(folder: Path, rows: int = 80, seed: int = 0) -> pd.DataFrame:
    """Draw every kind of input that needs no file, and every simple kind of label."""
    del folder
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=rows)
    colours = [[*COLOURS][place] for place in rng.integers(3, size=rows)]
    adverbs = rng.choice(["very", "quite", "hardly"], rows)
    lengths = rng.integers(1, 7, rows)
    series = [
        np.stack([np.cumsum(rng.exponential(size=steps)), mean + rng.normal(size=steps)], axis=1)
        for steps, mean in zip(lengths, hidden, strict=True)
    ]
    days = np.datetime64("2020-01-01T08:00") + rng.integers(0, 40_000, rows).astype("m8[h]")
    weeks, watched = np.exp(2 + 0.5 * hidden) * rng.weibull(2.0, rows), rng.uniform(2, 20, rows)
    words = [f"{adverb} {colour} thing {rng.integers(9)}" for adverb, colour in zip(adverbs, colours, strict=True)]  # fmt: skip
    parts = rng.permutation(["train"] * (rows * 3 // 4) + ["test", "validation"] * rows)[:rows]
    return pd.DataFrame(
        {
            "note": with_gaps(words, 11, 10),
            "size": with_gaps(hidden + 0.3 * rng.normal(size=rows), 7, 3),
            "weight": with_gaps(rng.lognormal(size=rows), 13, 1),
            "shop": with_gaps(rng.choice(["Ann", "Bob", "Cy"], rows), 9, 4),
            "sunny": with_gaps(["yes" if value > 0 else "no" for value in hidden], 8, 5),
            "day": with_gaps([str(day) for day in days], 10, 6),
            "spots": with_gaps((hidden[:, None] + rng.normal(size=(rows, 4))).tolist(), 12, 2),
            "curve": with_gaps([steps.tolist() for steps in series], 9, 8),
            "family": [f"f{place}" for place in rng.integers(rows // 4, size=rows)],
            "part": parts,
            "ended": [bool(value) for value in weeks <= watched],
            "colour": with_gaps(colours, 5, 0),
            "loud": with_gaps(["loud" if value > 0.2 else "soft" for value in hidden], 6, 1),
            "price": with_gaps((10 + 3 * hidden + rng.normal(size=rows)).tolist(), 7, 2),
            "place": with_gaps([[value, 2 - value] for value in hidden.tolist()], 8, 3),
            "labels": with_gaps(
                ["|".join(word for word in WORDS if rng.random() < 0.4) or "none" for _ in hidden],
                9,
                4,
            ),
            "grade": with_gaps(
                [["low", "mid", "high"][place] for place in np.digitize(hidden, [-0.5, 0.5])], 5, 4
            ),
            "visits": with_gaps(rng.poisson(np.exp(1 + hidden)).tolist(), 6, 5),
            "weeks": with_gaps(np.minimum(weeks, watched).tolist(), 7, 6),
        }
    )


def drawn(rows: int, rng: np.random.Generator) -> dict[str, Any]:
    """Draw pictures of a rectangle each, and where it is: as mask, box and kind."""
    photos = rng.integers(0, 20, (rows, SIDE, SIDE, 3)).astype(np.uint8)
    masks, boxes = np.zeros((rows, SIDE, SIDE), np.uint8), np.zeros((rows, 4), int)
    kinds = rng.integers(3, size=rows)
    for row, kind in enumerate(kinds):
        (left, top), (width, height) = rng.integers(0, SIDE // 2, 2), rng.integers(5, 9, 2)
        boxes[row] = left, top, left + width, top + height
        photos[row, top : top + height, left : left + width] = [*COLOURS.values()][kind]
        masks[row, top : top + height, left : left + width] = 1 + kind
    return {"photos": photos, "masks": masks, "boxes": boxes, "kinds": kinds}


def media(folder: Path, rows: int = 48, seed: int = 0) -> Path:
    """Write pictures, sounds, masks and maps, of which some are absent or broken, and a CSV that names them."""
    rng = np.random.default_rng(seed)
    things = drawn(rows, rng)
    loud = rng.integers(2, size=rows)
    colours = [[*COLOURS][kind] for kind in things["kinds"]]
    folder.mkdir(parents=True, exist_ok=True)
    for row in range(rows):
        (folder / f"{row}.png").write_bytes(png(things["photos"][row]))
        (folder / f"area{row}.png").write_bytes(png(100 * things["masks"][row]))
        np.save(folder / f"depth{row}.npy", 20.0 * things["masks"][row] + rng.normal())
        sound = wav(300 + 600 * loud[row] + 3 * row, 400 + 40 * (row % 5))
        (folder / f"{row}.wav").write_bytes(sound)
    (folder / "5.png").write_bytes(b"no picture")
    (folder / "area6.png").unlink()
    boxes = [
        json.dumps([[*map(int, box), colour]])
        for box, colour in zip(things["boxes"], colours, strict=True)
    ]
    boxes[3] = "[]"
    table = pd.DataFrame(
        {
            "photo": with_gaps([f"{row}.png" for row in range(rows)], 11, 7),
            "sound": with_gaps([f"{row}.wav" for row in range(rows)], 9, 2),
            "note": with_gaps([f"a {colour} thing {rng.integers(5)}" for colour in colours], 8, 1),
            "size": with_gaps(rng.normal(size=rows).round(3).tolist(), 7, 3),
            "colour": with_gaps(colours, 6, 2),
            "loud": with_gaps(["yes" if value else "no" for value in loud], 7, 4),
            "area": with_gaps([f"area{row}.png" for row in range(rows)], 10, 1),
            "depth": with_gaps([f"depth{row}.npy" for row in range(rows)], 10, 4),
            "things": with_gaps(boxes, 9, 8),
        }
    )
    table.to_csv(folder / "table.csv", index=False)
    return folder / "table.csv"


def films(folder: Path, rows: int = 40, seed: int = 0) -> pd.DataFrame:
    """Draw videos of a red and a green square, of which some are short, and where the squares are."""
    del folder
    rng = np.random.default_rng(seed)
    clips, cells, ways = [], [], []
    for row in range(rows):
        frames = FRAMES - (row % 7 == 6)
        film, boxes, way = np.zeros((frames, 32, 32, 3), np.uint8), [], int(rng.integers(2))
        start, tops = rng.integers(0, 4), rng.integers(0, 20, 2)
        for place, colour in enumerate(["red", "green"]):
            for frame in range(frames):
                left, top = (
                    int(start + 8 * (frame if place == way else 2 - frame)),
                    int(tops[place]),
                )
                film[frame, top : top + 10, left : left + 10, place] = 250
                boxes.append([frame, left, top, left + 10, top + 10, colour, place])
        clips.append(mp4(film))
        cells.append(json.dumps(boxes))
        ways.append(["left", "right"][way])
    clips[4] = b"no video"
    return pd.DataFrame(
        {
            "clip": with_gaps(clips, 9, 1),
            "size": with_gaps(rng.normal(size=rows), 7, 3),
            "things": with_gaps(cells, 8, 2),
            "way": with_gaps(ways, 6, 5),
        }
    )


def texts(folder: Path, rows: int = 60, seed: int = 0) -> pd.DataFrame:
    """Draw sentences, series and vectors with labels along them, texts to be written, things to be matched."""
    del folder
    rng = np.random.default_rng(seed)
    which, names = rng.integers(4, size=rows), ["Anna", "Otto", "Mary", "Wei"]
    notes, spans, series, states = [], [], [], []
    for place in which:
        who, where = rng.choice(names), WORDS[place]
        note = f"{who} {rng.choice(['lives by the', 'left the', 'sees a'])} {where}."
        start = note.index(where)
        notes.append(note)
        spans.append(f"0 {len(who)} PERSON; {start} {start + len(where)} THING")
        levels = np.repeat(rng.integers(2, size=4), 2)[: rng.integers(3, 9)]
        values = 3.0 * levels + rng.normal(size=len(levels))
        series.append(np.stack([np.arange(len(levels)), values], axis=1).tolist())
        states.append([["low", "high"][level] for level in levels])
    spots = np.eye(4)[which] + 0.1 * rng.normal(size=(rows, 4))
    return pd.DataFrame(
        {
            "note": with_gaps(notes, 11, 10),
            "word": with_gaps([WORDS[place] for place in which], 9, 1),
            "spots": with_gaps(spots.tolist(), 10, 3),
            "series": with_gaps(series, 12, 0),
            "size": with_gaps(rng.normal(size=rows) + which, 7, 3),
            "spans": with_gaps(spans, 8, 7),
            "states": with_gaps(states, 9, 8),
            "says": with_gaps([f"a {WORDS[place]} here" for place in which], 9, 5),
            "thing": [f"t{place}" for place in which],
        }
    )


def pictures(folder: Path, rows: int = 40, seed: int = 0) -> pd.DataFrame:
    """Draw pictures as bytes beside words that say what is on them."""
    del folder
    things = drawn(rows, np.random.default_rng(seed))
    words = [f"a {[*COLOURS][kind]} box" for kind in things["kinds"]]
    photos = [png(photo) for photo in things["photos"]]
    return pd.DataFrame({"photo": with_gaps(photos, 9, 4), "note": with_gaps(words, 8, 2)})


def pretrained(kind: str, folder: Path) -> Path:
    """Write a tiny model with random weights to a folder as the library `transformers` saves real ones: bert, vit or wav2vec2."""
    import torch
    import transformers

    small = {"num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
    names = {"bert": "Bert", "vit": "ViT", "wav2vec2": "Wav2Vec2"}
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "thing", *COLOURS]
    special = {
        "bert": {"vocab_size": len(words), "max_position_embeddings": 40, "pad_token_id": 0},
        "vit": {"image_size": SIDE, "patch_size": 8},
        "wav2vec2": {
            "conv_dim": (8, 8),
            "conv_stride": (5, 2),
            "conv_kernel": (10, 3),
            "num_conv_pos_embeddings": 4,
            "num_conv_pos_embedding_groups": 2,
        },
    }
    reads = {
        "vit": {
            "image_mean": [0.5, 0.4, 0.3],
            "image_std": [0.2, 0.3, 0.4],
            "size": {"height": SIDE},
        },
        "wav2vec2": {"do_normalize": True, "sampling_rate": 4000},
    }
    config = getattr(transformers, f"{names[kind]}Config")(hidden_size=8, **small, **special[kind])
    with torch.random.fork_rng():
        torch.manual_seed(3)
        getattr(transformers, f"{names[kind]}Model")(config).save_pretrained(folder)
    if kind in reads:
        (folder / "preprocessor_config.json").write_text(json.dumps(reads[kind]))
    else:
        numbers = {word: place for place, word in enumerate(words)}
        write_tokenizer(numbers, folder / "tokenizer.json")
    return folder


def write_tokenizer(numbers: dict[str, int], file: Path) -> None:
    """Write a tokenizer of a few words that puts [CLS] and [SEP] around a text."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    made = Tokenizer(models.WordLevel(numbers, "[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    ends = [(name, numbers[name]) for name in ("[CLS]", "[SEP]")]
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=ends
    )
    made.save(str(file))


DRAWERS: dict[str, Callable[..., Any]] = {
    drawer.__name__: drawer for drawer in (columns, media, films, texts, pictures)
}


class Tables:
    """Draws each table once.

    Args:
        folder: where files are written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.get = cache(self._get)
        self.model = cache(self._model)

    def _get(self, name: str, seed: int = 0) -> Any:
        return DRAWERS[name](self.folder / f"{name}{seed}", seed=seed)

    def _model(self, kind: str) -> str:
        return str(pretrained(kind, self.folder / kind))

    def with_models(self, value: Any) -> Any:
        """Put the folders of tiny pretrained models in the place of names such as `tiny:bert`."""
        if isinstance(value, dict):
            return {key: self.with_models(part) for key, part in value.items()}
        known = isinstance(value, str) and value.startswith("tiny:")
        return self.model(value.removeprefix("tiny:")) if known else value
