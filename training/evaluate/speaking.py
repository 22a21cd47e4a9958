"""From the name of a model to the model: a folder that is loaded, or an address that is reached."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from training.evaluate.order import Order, Subject
    from training.evaluate.speaker import Speaker


@contextmanager
def speaking(subject: Subject, order: Order) -> Iterator[Speaker]:
    """The model of a subject, for as long as it is needed.

    Raises `CommandError`: it cannot be loaded or reached.
    """
    # Imported late: an address needs neither torch nor transformers.
    if isinstance(subject.where, Path):
        from training.evaluate.folder import loaded  # noqa: PLC0415

        with loaded(subject.where, order) as folder:
            yield folder
    else:
        from training.evaluate.address import reached  # noqa: PLC0415

        with reached(subject.where, order) as address:
            yield address
