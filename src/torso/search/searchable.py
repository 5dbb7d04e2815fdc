"""What a run can be asked for once it has a retrieval target."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from torso.model.model import Model
from torso.runs.config import RunConfig
from torso.runs.schema import Schema
from torso.search.collecting import collect
from torso.search.collection import Collection
from torso.search.questions import asking, retrieval, the_one

__all__ = ["Searchable"]


class Searchable:
    """A trained run that looks for things.

    Attributes:
        config: of the run.
        schema: fitted.
        model: trained.
        folder: where the run is kept, and the vectors of what was searched; None if it is in memory only.
    """

    config: RunConfig
    schema: Schema
    model: Model
    folder: Path | None = None

    def search(
        self,
        *,
        among: Any,
        text: str | None = None,
        image: str | Path | None = None,
        audio: str | Path | None = None,
        top: int = 10,
        by: str | None = None,
        find: str | None = None,
        target: str | None = None,
        root: str | Path | Sequence[str | Path] = (),
    ) -> Any:
        """Return what belongs to a text, a picture or a recording; see `Collection.search` and `collection`.

        For many questions, make a `collection` once and ask that.
        """
        asks = self.asking(text=text, image=image, audio=audio, by=by, target=target)
        things = self.collection(among, find=find, by=asks, target=target, root=root)
        return things.search(text=text, image=image, audio=audio, by=asks, top=top)

    def asking(
        self, *, by: str | None = None, target: str | None = None, **question: str | Path | None
    ) -> str:
        """Return the modality that a question is of.

        Args:
            by: the modality, where the target has several of the form.
            target: retrieval target, where the run has several.
            question: `text`, `image` or `audio`; None for those that are not asked by.

        Raises:
            ConfigError: not one question, or one that the target does not know.
        """
        form, _ = the_one(question)
        return asking(self, retrieval(self, target), form, by)

    def collection(
        self,
        among: Any,
        *,
        find: str | None = None,
        by: str | None = None,
        target: str | None = None,
        root: str | Path | Sequence[str | Path] = (),
        exact: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> Collection:
        """Return a folder or a table ready to be searched.

        What is new there is encoded, by its modality's encoder alone. For a run in a folder and a place on the disk, the
        vectors are kept in the run's folder `search`, and used again for what has not changed.

        Args:
            among: path of a folder of pictures or recordings, or a table with the columns of the modality.
            find: the modality to look for, where the place has several.
            by: modality of the questions to come, which is looked for only where there is no other.
            target: retrieval target, where the run has several.
            root: folders or zips that file columns of a table are relative to.
            exact: whether 50,000 kept vectors and more are compared one by one, too, instead of through a graph of
                neighbours (extra `search`), which may miss one.
            progress: called with `(done, total)` while things are encoded, and while a graph is built.

        Raises:
            ConfigError: no retrieval target, or it is not clear what is looked for.
            DataError: no such place, or nothing in it can be read.
        """
        return collect(
            self,
            among,
            find=find,
            by=by,
            target=target,
            root=root,
            exact=exact,
            progress=progress,
        )
