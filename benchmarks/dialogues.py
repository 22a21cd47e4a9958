"""The client's side of dialogues in SmileChat's format: what people said, one after the other."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from lzma import LZMAError
from typing import TYPE_CHECKING

from benchmarks.errors import BenchmarkError
from training.corpora.dialogue import Role
from training.corpora.files import CorpusFormatError
from training.corpora.smile import read_smile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

MAX_MESSAGE = 4096
"""UTF-16 units of one Telegram message; an app cuts what is longer into several."""

EXPECTED = (
    'expected a line {"id", "dialogue": [{"role": "client" or "counselor", "content"}]} '
    "for each dialogue, or a JSON list of such utterances, or a folder of those lists"
)


@dataclass(frozen=True, slots=True)
class Monologue:
    """What the client of one dialogue said."""

    id: str
    texts: tuple[str, ...]


def read_monologues(path: Path, limit: int) -> list[Monologue]:
    """The first `limit` dialogues of a file or folder in which the client says something.

    Left out, because a person's Telegram would send something else than what was said: dialogues
    with a text that is longer than one message or begins like a command.

    Raises:
        BenchmarkError: there is no such file, or something in it is no dialogue.
    """
    try:
        found = list(islice(_playable(_read(path)), limit))
    except FileNotFoundError:
        raise BenchmarkError(f"There is no file or folder {path}.") from None
    except CorpusFormatError as error:
        raise BenchmarkError(f"{path} is not in SmileChat's format: {error}; {EXPECTED}.") from None
    except (OSError, LZMAError, UnicodeDecodeError, EOFError) as error:
        raise BenchmarkError(f"{path} cannot be read ({type(error).__name__}).") from None
    if not found:
        raise BenchmarkError(f"{path} holds no dialogue in which a client speaks; {EXPECTED}.")
    return found


def _read(path: Path) -> Iterator[Monologue]:
    if path.suffix == ".json" and path.is_file():
        yield _published_file(path)
        return
    for dialogue in read_smile(path):
        said = (turn.text for turn in dialogue.turns if turn.role is Role.CLIENT)
        yield _monologue(dialogue.id, said)


def _published_file(path: Path) -> Monologue:
    """One dialogue as it was published: a JSON list of utterances."""
    try:
        utterances = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(utterances, list):
            raise CorpusFormatError(path.name, "not a list of utterances")
        said = [(Role(item["role"]), str(item["content"])) for item in utterances]
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, CorpusFormatError | UnicodeDecodeError):
            raise
        raise CorpusFormatError(path.name, "not a list of utterances") from None
    return _monologue(path.stem, (text for role, text in said if role is Role.CLIENT))


def _monologue(name: str, texts: Iterable[str]) -> Monologue:
    return Monologue(name, tuple(text.strip() for text in texts if text.strip()))


def _playable(monologues: Iterable[Monologue]) -> Iterator[Monologue]:
    for monologue in monologues:
        if monologue.texts and all(_is_one_message(text) for text in monologue.texts):
            yield monologue


def _is_one_message(text: str) -> bool:
    return not text.startswith("/") and len(text.encode("utf-16-le")) <= 2 * MAX_MESSAGE
