"""The steps of the pipelines in `cluster.py` that are our own; DataTrove calls their `run`."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.dedup import MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.utils.word_tokenizers import WordTokenizer

from training.corpora.files import CorpusFormatError
from training.corpora.registry import CORPORA, read_corpus
from training.prepare import near
from training.prepare.gather import LEFT_OUT, SHARDS, UNREADABLE, gather, packed
from training.prepare.outcome import HELD_OUT, Options, Worker

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from datatrove.pipeline.writers import JsonlWriter
    from numpy.typing import NDArray

    from training.corpora.files import Record
    from training.prepare.gather import Shard

KEPT = "clean/kept"
SEEN = "seen"
MINHASH = MinhashConfig(
    n_grams=near.DIALOGUES.run,
    num_buckets=near.DIALOGUES.bands,
    hashes_per_bucket=near.DIALOGUES.rows,
)


class Clean(PipelineStep):  # type: ignore[misc]
    """Reads every n-th of the corpora's files and cleans its dialogues."""

    name = "clean"
    type = "shudong"

    def __init__(self, shards: Sequence[Shard], options: Options, *, strict: bool) -> None:
        super().__init__()
        self._shards = shards
        self._options = options
        self._strict = strict

    def run(self, data: object = None, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """A document for every dialogue, unreadable record and file, and what `part` it is of.

        The text of a dialogue that is kept is what near-duplicates are looked for in.
        """
        worker = Worker(self._options)
        for shard in self._shards[rank::world_size]:
            sha256, records = hashlib.sha256(), 0
            for record in read_corpus(shard.corpus, shard.file):
                records += 1
                sha256.update(record.data)
                yield from self._read(shard.corpus, record, worker)
            read = {"corpus": shard.corpus, "file": shard.name, "records": records}
            yield _document(SHARDS, shard.name, {**read, "sha256": sha256.hexdigest()})

    def _read(self, corpus: str, record: Record, worker: Worker) -> Iterator[Document]:
        try:
            dialogues = CORPORA[corpus].parse(record)
        except CorpusFormatError as error:
            if self._strict:
                raise
            self.stat_update("unreadable")
            problem = {"corpus": corpus, "place": error.place, "reason": error.reason}
            yield _document(UNREADABLE, error.place, problem)
            return
        for raw in dialogues:
            kept, outcome = worker.one(raw, is_ours=CORPORA[corpus].is_ours)
            self.stat_update(outcome.left_out or outcome.split)
            name = f"{raw.source}/{raw.id}"
            about: dict[str, Any] = {"outcome": packed(outcome)}
            if kept is None:
                yield _document(LEFT_OUT, name, about)
            else:
                about["opening"] = kept.opening
                yield _document(KEPT, name, about, "\n".join(turn.text for turn in kept.trained_on))


class Parts(PipelineStep):  # type: ignore[misc]
    """Says of every dialogue whether the model will have seen it."""

    name = "parts"
    type = "shudong"

    def run(
        self, data: Iterable[Document], rank: int = 0, world_size: int = 1
    ) -> Iterator[Document]:
        """The documents, each with its part."""
        for document in data:
            is_held_out = document.metadata["outcome"]["split"] == HELD_OUT
            document.metadata["part"] = HELD_OUT if is_held_out else SEEN
            yield document


class SeenOpenings(PipelineStep):  # type: ignore[misc]
    """Writes the bands of all openings that pass, 64 bytes a document at most."""

    name = "seen openings"
    type = "shudong"

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def run(
        self, data: Iterable[Document], rank: int = 0, world_size: int = 1
    ) -> Iterator[Document]:
        """The documents; their bands are written when all have passed."""
        keys = [np.empty(0, np.uint64)]
        for document in data:
            keys.append(_opening_bands(document))
            yield document
        self._folder.mkdir(parents=True, exist_ok=True)
        np.save(self._folder / f"{rank:05}.npy", np.unique(np.concatenate(keys)))


class Unseen(PipelineStep):  # type: ignore[misc]
    """Lets those pass whose opening shares no band with one that was seen, by any task."""

    name = "unseen openings"
    type = "shudong"

    def __init__(self, folder: Path, others: JsonlWriter) -> None:
        super().__init__()
        self._folder = folder
        self._others = others

    def run(
        self, data: Iterable[Document], rank: int = 0, world_size: int = 1
    ) -> Iterator[Document]:
        """The documents that pass; the others go to `others`."""
        # The held-out share of one task: small, and read once however many files of keys there are.
        documents = list(data)
        if not documents:
            return
        keys = np.array([_opening_bands(document) for document in documents])
        seen = np.zeros(len(documents), bool)
        for file in sorted(self._folder.glob("*.npy")):
            seen |= np.isin(keys, np.load(file)).any(axis=1)
        with self._others as others:
            for document, is_seen in zip(documents, seen, strict=True):
                if is_seen:
                    self.stat_update("too close")
                    others.write(document, rank)
                else:
                    yield document


class Files(PipelineStep):  # type: ignore[misc]
    """Writes `prepare`'s files from what all tasks left."""

    name = "files"
    type = "shudong"

    def __init__(self, corpora: Iterable[str], work: Path, out: Path, options: Options) -> None:
        super().__init__()
        self._corpora = tuple(dict.fromkeys(corpora))
        self._work = work
        self._out = out
        self._options = options

    def run(self, data: object = None, rank: int = 0, world_size: int = 1) -> None:
        """Runs in one task."""
        gather(self._corpora, self._work, self._out, self._options)


class Signature(MinhashDedupSignature):  # type: ignore[misc]
    """DataTrove's signatures over runs of characters: Chinese has no spaces to cut words at."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder), MINHASH, language=_NoWords())

    def get_shingles(self, text: str) -> NDArray[np.uint64]:
        """Hashes of the text's runs of characters, a row each."""
        return near.shingles(text, near.DIALOGUES).reshape(-1, 1)


class _NoWords(WordTokenizer):  # type: ignore[misc]
    """Stands where DataTrove wants a splitter of words; nothing asks it to split."""

    def word_tokenize(self, text: str) -> list[str]:
        return [text]

    def sent_tokenize(self, text: str) -> list[str]:
        return [text]

    def span_tokenize(self, text: str) -> list[tuple[int, int]]:
        return [(0, len(text))]


def _opening_bands(document: Document) -> NDArray[np.uint64]:
    rows = near.signatures([document.metadata["opening"]], near.OPENINGS)
    keys: NDArray[np.uint64] = near.bands(rows, near.OPENINGS)[0]
    return keys


def _document(part: str, name: str, about: dict[str, Any], text: str = "") -> Document:
    # DataTrove skips a document without text.
    return Document(text=text or name, id=name, metadata={"part": part, **about})
