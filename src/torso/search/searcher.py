"""Searches with a run that has a retrieval target: the entrance of this room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from torso.runs.predicting.predictor import Predictor
from torso.search.collecting import collect
from torso.search.collection import Collection
from torso.search.corpus import open_corpus
from torso.search.space import Space, single_question

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Searcher"]


class Searcher:
    """Finds the best matches of a text, a picture or a recording.

    Args:
        run: with a retrieval target. The vectors of what was searched are kept in its folder, if it has one.
        target: the retrieval target, where the run has several.

    Raises:
        ConfigError: the run has no retrieval target, or several and none was named.
    """

    def __init__(self, run: Predictor, target: str | None = None) -> None:
        self.space = Space.of(run, target)

    def search(
        self,
        among: object,
        *,
        text: str | None = None,
        image: str | Path | None = None,
        audio: str | Path | None = None,
        top: int = 10,
        by: str | None = None,
        find: str | None = None,
        root: str | Path | Sequence[str | Path] = (),
    ) -> pd.DataFrame:
        """Return a frame of the best matches of one question, the likeliest first.

        For many questions, make a `collection` once and ask that.

        Args:
            among: path of a folder of pictures or recordings, or a table with the columns of the modality.
            text: asks with a text.
            image: asks with a picture: a file.
            audio: asks with a recording: a file.
            top: answers at most.
            by: modality of the question, where the target has several of its form.
            find: modality to look for, where `among` has several.
            root: folders or zips that file columns of a table are relative to.

        Returns:
            `rank` from 1, `score` (cosine similarity, at most 1), and `path`, or the row's number and columns.

        Raises:
            ConfigError: not one question, or one that the target does not know.
            DataError: the question or the corpus cannot be read.
        """
        asks = self.asking(text=text, image=image, audio=audio, by=by)
        things = self.collection(among, find=find, by=asks, root=root)
        answers: pd.DataFrame = things.search(text=text, image=image, audio=audio, by=asks, top=top)
        return answers

    def asking(self, *, by: str | None = None, **question: str | Path | None) -> str:
        """Return the modality that a question is of.

        Args:
            by: the modality, where the target has several of the form.
            question: `text`, `image` or `audio`; None for those that are not asked by.

        Raises:
            ConfigError: not one question, or one that the target does not know.
        """
        form, _ = single_question(question)
        return self.space.asking(form, by)

    def collection(
        self,
        among: object,
        *,
        find: str | None = None,
        by: str | None = None,
        root: str | Path | Sequence[str | Path] = (),
        exact: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> Collection:
        """Return a folder or a table ready to be searched.

        What is new there is encoded, by its modality's encoder alone. For a run in a folder and a corpus on the disk,
        the vectors are kept in the run's folder `search`, and used again for what has not changed.

        Args:
            among: path of a folder of pictures or recordings, or a table with the columns of the modality.
            find: the modality to look for, where the corpus has several.
            by: modality of the questions to come, which is looked for only where there is no other.
            root: folders or zips that file columns of a table are relative to.
            exact: compare 50,000 kept vectors and more one by one, instead of through a graph of neighbours
                (extra `search`), which may miss one.
            progress: called with `(done, total)` while things are encoded, and while a graph is built.

        Raises:
            ConfigError: it is not clear what is looked for.
            DataError: no such corpus, or nothing in it can be read.
        """
        data = self.space.run.config.data
        corpus = open_corpus(among, data.missing, data.text)
        modality = self.space.answering(corpus, find, by)
        return collect(self.space, corpus, modality, root=root, exact=exact, progress=progress)
