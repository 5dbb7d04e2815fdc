"""Words of other tools and of papers for names that Torso has."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["OTHER_WORDS"]

_BY_NAME = {
    # keys of a run.yaml
    "targets": "tasks outputs labels label target output y",
    "inputs": "modalities features input x columns",
    "balancing": "balancer weighting loss_weights task_weights mtl",
    "lr": "learning_rate lrate step_size",
    "batch_size": "batch batchsize bs minibatch",
    "epochs": "epoch num_epochs n_epochs max_epochs iterations",
    "patience": "early_stopping early_stop",
    "weight_decay": "wd l2",
    "seed": "random_state random_seed",
    "delimiter": "sep separator",
    "dim": "hidden_dim hidden_size d_model width embedding_dim",
    # kinds of columns
    "text": "str string sentence",
    "number": "int integer float numeric numerical real double regression continuous",
    "category": "categorical object factor class classification multiclass nominal",
    "binary": "bool boolean",
    "datetime": "date time timestamp",
    "image": "photo picture img",
    "audio": "sound speech wav",
    # parts
    "transformer": "attention bert",
    "concat": "early concatenate concatenation",
    "hard": "shared shared_bottom",
    "equal": "sum mean uniform none linear_scalarization",
    "uncertainty": "kendall homoscedastic",
    "auto": "gpu",
}
OTHER_WORDS: Mapping[str, tuple[str, ...]] = {
    word: tuple(own for own, words in _BY_NAME.items() if word in words.split())
    for words in _BY_NAME.values()
    for word in words.split()
}
"""Word, in small letters -> names that it may mean."""
