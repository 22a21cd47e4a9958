"""The steps of `prepare` as pipelines of DataTrove, for corpora that outgrow one machine.

DataTrove runs the same pipeline on one machine, on Slurm or on Ray; only the executor differs.
Near-duplicates are found by its own MinHash stages, over our runs of characters; unlike `prepare`
it does not look at a pair again after their bands met, so it takes out a little more. The stages
depend on each other in their order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from datatrove.data import Document
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.dedup import (
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter
from datatrove.utils.word_tokenizers import WordTokenizer

from training.corpora.files import CorpusFormatError
from training.corpora.registry import CORPORA, opened
from training.prepare import near
from training.prepare.outcome import HELD_OUT, Options, Worker

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

SEEN = "seen"
FINISHED = "finished"

_CONFIG = MinhashConfig(
    n_grams=near.DIALOGUES.run,
    num_buckets=near.DIALOGUES.bands,
    hashes_per_bucket=near.DIALOGUES.rows,
)


@dataclass(frozen=True, slots=True)
class Stage:
    """A pipeline and on how many tasks it must run; a later stage needs all of an earlier one."""

    name: str
    tasks: int
    steps: list[PipelineStep]


def stages(corpus: str, shards: Path, out: Path, tasks: int, options: Options) -> list[Stage]:
    """The pipelines that prepare the files in the folder `shards`, `tasks` at a time.

    The last one writes `out`/finished/<side>-<task>.jsonl.gz: in `text` a row as `prepare` writes
    it, in `metadata` where it came from. Every machine must see both folders.
    """
    clean, unique, near_folder, keys = (out / name for name in ("clean", "unique", "near", "keys"))
    finished = JsonlWriter(str(out / FINISHED), "${side}-${rank}.jsonl")
    signature = _Signature(near_folder / "signatures")
    find = MinhashDedupBuckets(
        str(near_folder / "signatures"), str(near_folder / "pairs"), config=_CONFIG
    )
    group = MinhashDedupCluster(
        str(near_folder / "pairs"), str(near_folder / "remove"), config=_CONFIG
    )
    split = JsonlWriter(str(unique), "${part}/${rank}.jsonl")
    return [
        Stage("clean", tasks, [Clean(corpus, shards, options), _Parts(), JsonlWriter(str(clean))]),
        Stage("signatures", tasks, [_reader(clean), signature]),
        Stage("pairs", near.DIALOGUES.bands, [find]),
        Stage("groups", 1, [group]),
        Stage(
            "unique",
            tasks,
            [_reader(clean), MinhashDedupFilter(str(near_folder / "remove")), split],
        ),
        Stage("seen", tasks, [_reader(unique / SEEN), _SeenOpenings(keys), _Rows(), finished]),
        Stage("held out", tasks, [_reader(unique / HELD_OUT), _Unseen(keys), _Rows(), finished]),
    ]


def run_locally(stages: Iterable[Stage], logs: Path, workers: int) -> None:
    """Run the stages one after the other on this machine; finished tasks are not run again."""
    for stage in stages:
        LocalPipelineExecutor(
            pipeline=list(stage.steps),
            tasks=stage.tasks,
            workers=workers,
            logging_dir=str(logs / stage.name.replace(" ", "-")),
        ).run()


class Clean(PipelineStep):  # type: ignore[misc]
    """Reads every n-th file of a folder, cleans its dialogues and drops what must not be learnt."""

    name = "clean"
    type = "shudong"

    def __init__(self, corpus: str, shards: Path, options: Options) -> None:
        super().__init__()
        self._corpus = corpus
        self._shards = shards
        self._options = options

    def run(self, data: object = None, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Documents whose text is what near-duplicates are looked for in."""
        worker = Worker(self._options)
        parse = CORPORA[self._corpus].parse
        for file in sorted(self._shards.iterdir())[rank::world_size]:
            for record in opened(self._corpus, file):
                try:
                    dialogues = parse(record)
                except CorpusFormatError:
                    self.stat_update("unreadable")
                    continue
                for raw in dialogues:
                    kept, outcome = worker.one(raw)
                    self.stat_update(outcome.left_out or outcome.side)
                    if kept is not None:
                        yield Document(
                            text="\n".join(turn.text for turn in kept.turns),
                            id=f"{kept.source}/{kept.id}",
                            metadata={
                                "opening": kept.opening,
                                "row": outcome.row.decode(),
                                "side": outcome.side,
                            },
                        )


class _Parts(PipelineStep):  # type: ignore[misc]
    """Says of every document whether the model will have seen it."""

    name = "parts"
    type = "shudong"

    def run(
        self, data: Iterable[Document], rank: int = 0, world_size: int = 1
    ) -> Iterator[Document]:
        for document in data:
            side = document.metadata["side"]
            document.metadata["part"] = HELD_OUT if side == HELD_OUT else SEEN
            yield document


class _SeenOpenings(PipelineStep):  # type: ignore[misc]
    """Writes the bands of all openings that pass, 64 bytes a document at most."""

    name = "seen openings"
    type = "shudong"

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def run(
        self, data: Iterable[Document], rank: int = 0, world_size: int = 1
    ) -> Iterator[Document]:
        keys = [np.empty(0, np.uint64)]
        for document in data:
            keys.append(_opening_bands(document))
            yield document
        self._folder.mkdir(parents=True, exist_ok=True)
        np.save(self._folder / f"{rank:05}.npy", np.unique(np.concatenate(keys)))


class _Unseen(PipelineStep):  # type: ignore[misc]
    """Lets those pass whose opening shares no band with one that was seen, by any task."""

    name = "unseen openings"
    type = "shudong"

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def run(
        self, data: Iterable[Document], rank: int = 0, world_size: int = 1
    ) -> Iterator[Document]:
        # The held-out share of one task: small, and read once however many files of keys there are.
        documents = list(data)
        if not documents:
            return
        keys = np.array([_opening_bands(document) for document in documents])
        seen = np.zeros(len(documents), bool)
        for file in sorted(self._folder.glob("*.npy")):
            seen |= np.isin(keys, np.load(file)).any(axis=1)
        for document, is_seen in zip(documents, seen, strict=True):
            if is_seen:
                self.stat_update("too close")
            else:
                yield document


class _Rows(PipelineStep):  # type: ignore[misc]
    """At the end a document's text is the row that is trained or tested on."""

    name = "rows"
    type = "shudong"

    def run(
        self, data: Iterable[Document], rank: int = 0, world_size: int = 1
    ) -> Iterator[Document]:
        for document in data:
            document.text = document.metadata.pop("row")
            del document.metadata["opening"]
            yield document


class _Signature(MinhashDedupSignature):  # type: ignore[misc]
    """DataTrove's signatures over runs of characters: Chinese has no spaces to cut words at."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder), _CONFIG, language=_NoWords())

    def get_shingles(self, text: str) -> NDArray[np.uint64]:
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


def _reader(folder: Path) -> JsonlReader:
    return JsonlReader(str(folder))
