"""Every corpus that `prepare` takes: how its records are found and how one is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from training.corpora import conversations, cpsycoun, feedback, psyqa, smile
from training.corpora.files import files, records
from training.corpora.json_items import item_files
from training.corpora.own import talks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from training.corpora.dialogue import Dialogue
    from training.corpora.files import Record


@dataclass(frozen=True, slots=True)
class Corpus:
    """A corpus: `records(path, advance)` are cheap, `parse(record)` is the work."""

    name: str
    title: str
    licence: str
    ending: str
    """Of its files, where it is a folder of them."""
    records: Callable[..., Iterator[Record]]
    parse: Callable[[Record], list[Dialogue]]
    find: Callable[[Path], list[Path]] | None = None
    """Its files at a path, where they are not told by the ending."""
    packaged: Path | None = None
    """The folder in this repository; None for a corpus that is published elsewhere."""

    def files(self, path: Path) -> list[Path]:
        """Its files at a path, in a stable order; raises FileNotFoundError."""
        return files(path, self.ending) if self.find is None else self.find(path)

    @property
    def is_ours(self) -> bool:
        """Whether it was written for this project, by its guide and under its tests."""
        return self.packaged is not None


CORPORA = {
    corpus.name: corpus
    for corpus in (
        Corpus(
            smile.SOURCE,
            "SmileChat: folder of .json files, .zip, .tar.xz, .jsonl or .jsonl.xz",
            "CC0 1.0",
            smile.ENDING,
            lambda path, advance: records(path, smile.ENDING, advance),
            smile.parse_smile,
        ),
        Corpus(
            psyqa.SOURCE,
            "PsyQA: the .json list you were given by its authors",
            "by agreement with its authors",
            psyqa.ENDING,
            psyqa.psyqa_records,
            psyqa.parse_psyqa,
        ),
        Corpus(
            cpsycoun.SOURCE,
            "CPsyCounD: folder of .txt files, .zip or .tar.xz",
            "CC BY 4.0",
            cpsycoun.ENDING,
            lambda path, advance: records(path, cpsycoun.ENDING, advance),
            cpsycoun.parse_cpsycoun,
        ),
        Corpus(
            feedback.SOURCE,
            "the bot's own feedback, as `python -m bot feedback export` writes it",
            "given by the people who wrote it, for this purpose",
            feedback.ENDING,
            lambda path, advance: records(path, feedback.ENDING, advance),
            feedback.parse_feedback,
        ),
        Corpus(
            conversations.SOURCE,
            "dialogues of your own, in any common layout (messages, ShareGPT, alpaca, XTuner, "
            "swift): JSON lists or lines, a folder or archive of them",
            "as their owner says",
            ".json",
            conversations.conversation_records,
            conversations.parse_conversation,
            item_files,
        ),
        Corpus(
            talks.SOURCE,
            "talks written for this project, in training/corpora/own/talks",
            "Apache-2.0",
            talks.ENDING,
            talks.records_to_train_on,
            talks.parse_record,
            talks.files_to_train_on,
            packaged=talks.FOLDER,
        ),
    )
}


def read_corpus(
    name: str, path: Path, advance: Callable[[int], object] = lambda _: None
) -> Iterator[Record]:
    """The records of the corpus `name` at `path`."""
    return CORPORA[name].records(path, advance)
