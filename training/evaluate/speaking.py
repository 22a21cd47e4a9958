"""From the name of a model to the model: a folder that is loaded, or an address that is reached."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from training.evaluate.address import reached
from training.evaluate.models import ServedFolder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from training.evaluate.config import EvalConfig, ModelSource
    from training.evaluate.models import EvalModel


@contextmanager
def opened_model(source: ModelSource, config: EvalConfig) -> Iterator[EvalModel]:
    """The model of a source, for as long as it is needed.

    Raises `CommandError`: it cannot be loaded or reached.
    """
    with ExitStack() as stack:
        if isinstance(source.where, str):
            yield stack.enter_context(reached(source.where, config))
            return
        # Imported late: an address needs neither torch nor transformers.
        from training.evaluate.folder import loaded  # noqa: PLC0415

        folder = stack.enter_context(loaded(source.where, config))
        if source.served_at:
            server = stack.enter_context(reached(source.served_at, config))
            yield ServedFolder(folder, server)
        else:
            yield folder
