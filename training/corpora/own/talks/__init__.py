"""Talks written for this project from the first word to the last; `README.md` says by whom.

One file a writer, in plain text. A talk begins with `# topic`; a line that begins with `u: ` is
what the person types, one with `a: ` the answer to it. Several `u: ` lines in a row are messages
sent one after the other. An empty line ends the talk.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from training.corpora.dialogue import Dialogue, Role, Turn
from training.corpora.files import CorpusFormatError, Record, files, records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

SOURCE: Final = "own-talks"
ENDING: Final = ".txt"
FOLDER: Final = Path(__file__).parent
MEASURED_ONLY: Final = frozenset({"t6", "t8"})
"""Writers on whose talks nothing is ever trained or chosen."""

_TOPIC = "# "
_ROLES = {"u: ": Role.CLIENT, "a: ": Role.COUNSELOR}


@dataclass(frozen=True, slots=True)
class WrittenTalk:
    """A talk by one writer; its dialogue's id is the writer's name and the talk's number."""

    writer: str
    topic: str
    dialogue: Dialogue


def writers() -> list[str]:
    """Return the names of all writers, those who are only measured on among them."""
    return [file.stem for file in files(FOLDER, ENDING)]


def read_talks(names: Iterable[str]) -> Iterator[WrittenTalk]:
    """Yield the talks of these writers; raises CorpusFormatError, FileNotFoundError."""
    for name in names:
        yield from parse_talks(name, (FOLDER / f"{name}{ENDING}").read_text(encoding="utf-8"))


def records_to_train_on(
    path: Path, advance: Callable[[int], object] = lambda _: None
) -> Iterator[Record]:
    """Yield what is in `files_to_train_on`."""
    for file in files_to_train_on(path):
        yield from records(file, ENDING, advance)


def files_to_train_on(path: Path) -> list[Path]:
    """Return the files at `path`, a folder or one of them, without those in `MEASURED_ONLY`."""
    return [file for file in files(path, ENDING) if file.stem not in MEASURED_ONLY]


def parse_record(record: Record) -> list[Dialogue]:
    """Return the dialogues of a writer's file; raises CorpusFormatError."""
    try:
        text = record.data.decode()
    except UnicodeDecodeError:
        raise CorpusFormatError(record.place, "not UTF-8") from None
    return [talk.dialogue for talk in parse_talks(record.stem, text)]


def parse_talks(writer: str, text: str) -> Iterator[WrittenTalk]:
    """Yield the talks of a writer's file.

    Raises CorpusFormatError, which names the file and the line, for what the format does not know:
    a talk without a topic, that does not begin with `u: ` or end with `a: `, two answers in a row,
    another mark, an empty utterance.
    """
    block = _Block(writer, number=1)
    for line_number, line in enumerate((*text.splitlines(), ""), start=1):
        if line.strip():
            block.add(line, line_number)
        elif not block.is_empty:
            yield block.talk(line_number)
            block = _Block(writer, block.number + 1)


class _Block:
    """The lines of one talk, checked as they come."""

    def __init__(self, writer: str, number: int) -> None:
        self.number = number
        self._writer = writer
        self._topic = ""
        self._turns: list[Turn] = []

    @property
    def is_empty(self) -> bool:
        return not self._topic

    def add(self, line: str, line_number: int) -> None:
        if not self._topic:
            self._topic = line.removeprefix(_TOPIC).strip()
            if not line.startswith(_TOPIC) or not self._topic:
                raise self._error(line_number, "a talk begins with '# topic'")
            return
        role, text = _ROLES.get(line[:3]), line[3:].strip()
        if role is None or not text:
            raise self._error(line_number, "expected 'u: ' or 'a: ' and a text")
        before = self._turns[-1] if self._turns else Turn(Role.COUNSELOR, "")
        if role is not before.role:
            self._turns.append(Turn(role, text))
        elif role is Role.CLIENT:
            self._turns[-1] = Turn(role, f"{before.text}\n{text}")
        else:
            raise self._error(line_number, "an answer to nothing that was said")

    def talk(self, line_number: int) -> WrittenTalk:
        if not self._turns or self._turns[-1].role is Role.CLIENT:
            raise self._error(line_number, "the talk ends without an answer")
        dialogue = Dialogue(SOURCE, f"{self._writer}-{self.number}", tuple(self._turns))
        return WrittenTalk(self._writer, self._topic, dialogue)

    def _error(self, line_number: int, reason: str) -> CorpusFormatError:
        return CorpusFormatError(f"{self._writer}{ENDING}, line {line_number}", reason)
