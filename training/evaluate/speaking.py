"""From the name of a model to the model: a folder that is loaded, or an address that is reached."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from training.evaluate.address import reached
from training.evaluate.models import ServedFolder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from training.evaluate.config import Order, Subject
    from training.evaluate.models import Speaker


@contextmanager
def speaking(subject: Subject, order: Order) -> Iterator[Speaker]:
    """The model of a subject, for as long as it is needed.

    Raises `CommandError`: it cannot be loaded or reached.
    """
    with ExitStack() as stack:
        if isinstance(subject.where, str):
            yield stack.enter_context(reached(subject.where, order))
            return
        # Imported late: an address needs neither torch nor transformers.
        from training.evaluate.folder import loaded  # noqa: PLC0415

        folder = stack.enter_context(loaded(subject.where, order))
        if subject.served_at:
            server = stack.enter_context(reached(subject.served_at, order))
            yield ServedFolder(folder, server)
        else:
            yield folder
