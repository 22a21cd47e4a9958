"""From dialogues to rows of tokens: the serving template, windows, and packing.

`CHAT_TEMPLATE` and `DialogueEncoder.windows` say the same thing twice, once for llama.cpp and once
for training; a test holds them together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from training.corpora.dialogue import Dialogue, Role
from training.small.tokenizer import (
    CLIENT_START_ID,
    COUNSELOR_START_ID,
    END_OF_TEXT_ID,
    TURN_END_ID,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray
    from tokenizers import Tokenizer

CHAT_TEMPLATE = (
    "{%- for message in messages -%}"
    "{%- set text = message['content'] | trim -%}"
    "{%- if message['role'] == 'user' or message['role'] == 'assistant' -%}"
    "{{- '<|im_start|>' + message['role'] + '\\n' + text + '<|im_end|>\\n' -}}"
    "{%- endif -%}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}"
)
"""ChatML without system messages: a model this small cannot follow one, so it never sees one.

The text is read before the role is looked at: llama.cpp puts the system message of a template that
never touches it in front of the first user message.
"""

PADDING, CLIENT, COUNSELOR = 0, 1, 2
"""Kinds of tokens as targets: not trained on, said by the client, said by the counselor."""


@dataclass(frozen=True, slots=True)
class Window:
    """Part of one dialogue that fits the context: token ids and the kind of each as a target."""

    tokens: tuple[int, ...]
    kinds: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Packed:
    """Rows of packed windows, all arrays of shape (rows, length).

    `documents` numbers the windows of a row from 1 (0 is padding); attention stays inside a number.
    """

    tokens: NDArray[np.uint16]
    kinds: NDArray[np.uint8]
    documents: NDArray[np.uint8]


class DialogueEncoder:
    """Turns dialogues into windows of at most `context` tokens."""

    def __init__(self, tokenizer: Tokenizer, context: int) -> None:
        self._tokenizer = tokenizer
        self._context = context

    def windows(self, dialogue: Dialogue) -> Iterator[Window]:
        """Consecutive windows, each beginning with a client turn, without overlap.

        A pair longer than the context is cut at its end; the cut window has no turn end.
        """
        tokens: list[int] = []
        kinds: list[int] = []
        for pair_tokens, pair_kinds in self._pairs(dialogue):
            if tokens and len(tokens) + len(pair_tokens) > self._context:
                yield Window(tuple(tokens), tuple(kinds))
                tokens, kinds = [], []
            tokens += pair_tokens[: self._context]
            kinds += pair_kinds[: self._context]
        if tokens:
            yield Window(tuple(tokens), tuple(kinds))

    def _pairs(self, dialogue: Dialogue) -> Iterator[tuple[list[int], list[int]]]:
        """One client turn and its answer at a time; the dialogue must be tidy."""
        encodings = self._tokenizer.encode_batch(
            [turn.text for turn in dialogue.turns], add_special_tokens=False
        )
        tokens: list[int] = []
        kinds: list[int] = []
        for turn, encoding in zip(dialogue.turns, encodings, strict=True):
            client = turn.role is Role.CLIENT
            tokens += [
                CLIENT_START_ID if client else COUNSELOR_START_ID,
                *encoding.ids,
                TURN_END_ID,
            ]
            # The start of a turn is given by the template, so it is never a target.
            kinds += [PADDING, *[CLIENT if client else COUNSELOR] * (len(encoding.ids) + 1)]
            if not client:
                yield tokens, kinds
                tokens, kinds = [], []


def pack(windows: Iterable[Window], length: int) -> Packed:
    """Fill rows of `length` tokens with whole windows, longest first (best fit)."""
    rows: list[list[Window]] = []
    by_space: dict[int, list[int]] = {}
    for window in sorted(windows, key=lambda window: -len(window.tokens)):
        size = len(window.tokens)
        space = next((s for s in range(size, length + 1) if by_space.get(s)), None)
        if space is None:
            space, row = length, len(rows)
            rows.append([])
        else:
            row = by_space[space].pop()
        rows[row].append(window)
        by_space.setdefault(space - size, []).append(row)
    return _arrays(rows, length)


def fill(windows: Iterable[Window], length: int) -> Packed:
    """Fill rows of `length` tokens to the brim, one window after another, cut where a row ends.

    A cut window goes on in the next row as a document of its own: it has lost what came before,
    which costs less than rows that are a sixth padding.
    """
    rows: list[list[Window]] = [[]]
    space = length
    for window in windows:
        start = 0
        while start < len(window.tokens):
            end = min(len(window.tokens), start + space)
            rows[-1].append(Window(window.tokens[start:end], window.kinds[start:end]))
            space -= end - start
            start = end
            if space == 0:
                rows.append([])
                space = length
    return _arrays([row for row in rows if row], length)


def _arrays(rows: Sequence[Sequence[Window]], length: int) -> Packed:
    tokens = np.full((len(rows), length), END_OF_TEXT_ID, dtype=np.uint16)
    kinds = np.full((len(rows), length), PADDING, dtype=np.uint8)
    documents = np.zeros((len(rows), length), dtype=np.uint8)
    for index, row in enumerate(rows):
        start = 0
        for number, window in enumerate(row, start=1):
            end = start + len(window.tokens)
            tokens[index, start:end] = window.tokens
            kinds[index, start:end] = window.kinds
            documents[index, start:end] = number
            start = end
    return Packed(tokens, kinds, documents)
