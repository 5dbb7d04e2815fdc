"""Predictions with some signal, and truths with gaps, of kinds whose predictions are not one or a few numbers."""

import numpy as np


def mask(rng, rows, gaps):
    hidden = rng.normal([-0.5, 0.5], size=(rows, 3, 2))
    truth, prediction = (
        np.digitize(one, [-0.7, 0.7]) for one in (hidden, hidden + 0.6 * rng.normal(size=(3, 2)))
    )
    return prediction, np.where(rng.random(truth.shape) < gaps, -1, truth)


def maps(rng, rows, gaps):
    truth = 10 * rng.normal(size=(rows, 3, 2, 2)) + 3
    prediction = truth + 5 * rng.normal(size=truth.shape)
    return prediction, np.where(rng.random(truth.shape) < gaps, np.nan, truth)


def boxes(rng, rows, gaps):
    """Up to three boxes of three classes in a row, all of which are found, none quite where it is, and two more."""
    corners = rng.uniform(0, 0.5, (rows, 3, 2))
    corners = np.concatenate([corners, corners + rng.uniform(0.2, 0.5, (rows, 3, 2))], axis=2)
    there = rng.random((rows, 3)) < 0.45
    classes = rng.integers(3, size=(rows, 3))
    truth = np.concatenate([corners, classes[..., None]], axis=2).astype(float)
    truth[~there] = [np.nan] * 4 + [-1]
    moved = corners + 0.06 * rng.normal(size=corners.shape)
    score = np.where(there, rng.uniform(0.45, 1, there.shape), np.nan)
    found = np.concatenate([moved, classes[..., None], score[..., None]], axis=2)
    noise = np.concatenate([moved[:, :2], classes[:, :2, None], 0.55 * rng.random((rows, 2, 1))], 2)
    truth[rng.random(rows) < gaps] = np.nan
    return np.concatenate([found, noise], axis=1), truth


def tracks(rng, rows, gaps):
    """Boxes of one class that drift over three frames; answers lose a box or change places now and then."""
    found, truth = boxes(rng, rows, gaps)
    truth[..., 4] = np.where(truth[..., 4] > 0, 0, truth[..., 4])
    found[..., 4] = 0
    drift = 0.05 * np.arange(3)[:, None] * np.ones(4)
    truth, found = (np.repeat(one[:, :, None], 3, axis=2) for one in (truth, found))
    truth[..., :4] += drift
    found[..., :4] += drift
    swapped = rng.random(rows) < 0.3
    found[swapped, :2, 2, :4] = found[swapped, 1::-1, 2, :4]
    there = rng.uniform(0.45, 1.0, (*found.shape[:3], 1))
    return np.concatenate([found, found[..., 5:], there], axis=3), truth


def retrieval(rng, rows, gaps):
    """Vectors of two modalities that are near to each other in a row; two rows are about the same thing."""
    truth = np.arange(rows)
    truth[-1] = truth[0]
    one = rng.normal(size=(rows, 4))
    prediction = np.stack([one, one + 0.6 * rng.normal(size=one.shape)], axis=1)
    prediction /= np.linalg.norm(prediction, axis=2, keepdims=True)
    return prediction, np.where(rng.random(rows) < gaps, -1, truth)


def tags(rng, rows, gaps):
    """Three tags and none, each step as the one before more often than not; most steps are found."""
    truth = np.zeros((rows, 7), int)
    for step in range(7):
        drawn = rng.integers(4, size=rows)
        stays = rng.random(rows) < 0.4 * (step > 0)
        truth[:, step] = np.where(stays, truth[:, step - 1], drawn)
    prediction = np.where(rng.random(truth.shape) < 0.85, truth, rng.integers(4, size=truth.shape))

    def codes(steps):
        changes = np.diff(steps, axis=1, prepend=-1) != 0
        return np.where(steps > 0, 2 * steps - changes, 0)

    return codes(prediction), np.where(rng.random((rows, 1)) < gaps, -1, codes(truth))


def caption(rng, rows, gaps):
    """Texts of three of eight words, of which some are replaced; some texts are wholly right."""
    words = np.array(["red", "green", "blue", "house", "river", "horse", "runs", "sleeps"])
    truth = rng.integers(8, size=(rows, 3))
    said = np.where(rng.random(truth.shape) < 0.3, rng.integers(8, size=truth.shape), truth)
    prediction, points = (
        code_points([" ".join(words[row]) for row in one]) for one in (said, truth)
    )
    points[rng.random(rows) < gaps] = -1
    return prediction, points


def code_points(texts):
    out = np.full((len(texts), max(map(len, texts))), -1)
    for row, text in enumerate(texts):
        out[row, : len(text)] = [ord(one) for one in text]
    return out


EXAMPLES = {
    "tags": tags,
    "caption": caption,
    "retrieval": retrieval,
    "mask": mask,
    "map": maps,
    "boxes": boxes,
    "tracks": tracks,
}


def perfect(kind, truth):
    if kind == "retrieval":
        own = np.eye(truth.max() + 1)[truth]
        return np.stack([own, own], axis=1)
    if kind not in {"boxes", "tracks"}:
        return truth
    score = np.where(truth[..., 4:] >= 0, 1.0, np.nan)
    if kind == "boxes":
        return np.concatenate([truth, score], axis=2)
    named = truth.copy()
    named[..., 4] = truth[..., 4].max(axis=2, keepdims=True)
    there = np.where(truth[..., 4:] >= 0, 1.0, 0.0)
    return np.concatenate([named, np.ones_like(there), np.ones_like(there), there], axis=3)
