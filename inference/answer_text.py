"""What a model says to the person, out of what it writes: no thoughts, no marks of its template.

A server with a reasoning parser separates both. One without sends the thought as ordinary text,
in the frame its family was trained on, and sometimes the special tokens that end a turn as well.

    <think>…</think>, <thinking>, <thought>, <seed:think> …   R1, Qwen3, GLM, EXAONE, Seed, ERNIE
    [THINK]…[/THINK]                                           Magistral
    ◁think▷…◁/think▷                                           Kimi
    <|begin_of_thought|>…<|end_of_thought|>                    OpenThinker, Sky-T1
    <|START_THINKING|>…<|END_THINKING|>                        Command A
    <|inner_prefix|>…<|inner_suffix|>                          Apertus
    <|channel|>analysis<|message|>…<|end|>                     gpt-oss (Harmony)
    <|channel>thought…<channel|>, <unused94>…<unused95>        Gemma

A thought may begin in the prompt, whose template opens it: then only its end is seen.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

from inference.engine import ThoughtLeaked

_NAMES: Final = (
    "think|thinking|thought|thoughts|reasoning|reason|reflection|analysis|scratchpad"
    "|inner_monologue|internal_thoughts"
)
_MARK: Final = re.compile(
    rf"<(?P<close>/)?(?:[a-z]{{1,12}}:)?(?P<thought>{_NAMES})(?:\s[^<>\n]{{0,60}})?(?P<empty>/)?>"
    r"|\[(?P<square_close>/)?THINK\]"
    r"|◁(?P<triangle_close>/)?think▷"
    r"|<(?P<unused>unused9[45])>"
    r"|<\|(?P<gemma_open>channel)>|<(?P<gemma_close>channel)\|>"
    r"|</?(?P<wrapper>answer|response|solution|final_answer|output)>"
    r"|<[|｜](?P<special>[\w▁.:-]{1,40})[|｜]>"
    r"|\[UNUSED_TOKEN_(?P<unused_token>\d{1,4})\]"
    r"|(?P<begin><s>|<bos>|<pad>|<unk>)"
    r"|(?P<end></s>|<eos>|<end_of_turn>|<start_of_turn>|\[/?INST\])",
    re.IGNORECASE,
)
# What may still become a mark once more of the text is there. Each mark's prefixes are in it.
_BEGUN: Final = re.compile(
    r"(?:<[/|｜]?[A-Za-z0-9_▁.:|｜-]{0,45}(?:\s[^<>\n]{0,60})?/?|<[|｜][\w▁.:-]{0,40}[|｜]?"
    r"|\[/?[A-Z_]{0,14}\d{0,4}|◁/?[a-z]{0,5})\Z",
    re.IGNORECASE,
)
_MAX_MARK_CHARACTERS: Final = 140  # characters

_OPENING: Final = frozenset({"begin_of_thought", "start_thinking", "inner_prefix"})
_CLOSING: Final = frozenset({"end_of_thought", "end_thinking", "inner_suffix"})
_WRAPPING: Final = frozenset(
    {"begin_of_solution", "end_of_solution", "start_response", "end_response"}
)
_HEADING: Final = frozenset({"im_start", "start_header_id", "start", "channel"})
_HEADED: Final = frozenset({"message", "end_header_id"})
_TOKEN_OF_NUMBER: Final = {"145": "im_end", "146": "im_start"}  # InternLM2 by its reserved tokens


class _State(Enum):
    SAYING = "saying"
    THINKING = "thinking"
    HEADING = "between a turn's mark and its first word"


class AnswerText:
    """Takes a model's text in any pieces and gives back what the person may read.

    `ended` is true once the model marked the end of its turn: nothing that follows is its answer.
    `has_thought` is true once there was a thought, `thought_ended` once one ended, and
    `opened_by_prompt` once one ended that had no beginning.
    """

    def __init__(self, *, begins_in_thought: bool = False) -> None:
        """Begin an answer; `begins_in_thought` where the prompt's last words open a thought."""
        self._state = _State.THINKING if begins_in_thought else _State.SAYING
        self._family = ""  # of the thought that is open; empty for one that the prompt opened
        self._rest = ""
        self._header = ""
        self._has_channel = False
        self._has_said = False
        self._trims = begins_in_thought
        self.has_thought = begins_in_thought
        self.thought_ended = False
        self.opened_by_prompt = False
        self.ended = False

    def feed(self, text: str) -> str:
        """What can be said more, now that the model has written `text`.

        Raises:
            ThoughtLeaked: what was said until now has turned out to be a thought.
        """
        self._rest += text
        return self._said(self._take(is_all=False))

    def close(self) -> str:
        """The rest, once the model has written everything; raises as `feed`."""
        return self._said(self._take(is_all=True))

    def _take(self, *, is_all: bool) -> str:
        said: list[str] = []
        position = 0
        while not self.ended and (mark := _MARK.search(self._rest, position)):
            self._pass_on(self._rest[position : mark.start()], said)
            position = mark.end()
            self._mark(mark, said)
        rest = "" if self.ended else self._rest[position:]
        begun = None if is_all else _BEGUN.search(rest, max(0, len(rest) - _MAX_MARK_CHARACTERS))
        end = begun.start() if begun else len(rest)
        self._pass_on(rest[:end], said)
        self._rest = rest[end:]
        return "".join(said)

    def _pass_on(self, text: str, said: list[str]) -> None:
        if self._state is _State.HEADING:
            self._header += text
            name, line_end, text = self._header.partition("\n")
            if not line_end or self._has_channel:
                return
            self._begin_turn(name)
        if self._state is _State.SAYING and not self.ended:
            said.append(text)

    def _said(self, text: str) -> str:
        if self._trims and not self._has_said:
            text = text.lstrip()
        self._has_said = self._has_said or bool(text.strip())
        return text

    def _mark(self, mark: re.Match[str], said: list[str]) -> None:
        kind = mark.lastgroup
        if family := mark["thought"]:
            if not mark["empty"]:
                self._thought(family.lower(), bool(mark["close"]), said)
        elif mark[0].startswith(("[T", "[t", "[/T", "[/t")):
            self._thought("square", bool(mark["square_close"]), said)
        elif mark[0].startswith("◁"):
            self._thought("triangle", bool(mark["triangle_close"]), said)
        elif kind == "unused":
            self._thought("unused", mark["unused"].endswith("5"), said)
        elif kind in {"gemma_open", "gemma_close"}:
            self._thought("channel", kind == "gemma_close", said)
        elif kind == "wrapper":
            if not self.has_thought:
                self._pass_on(mark[0], said)
        elif kind != "begin":
            number = mark["unused_token"]
            name = _TOKEN_OF_NUMBER.get(number, "") if number else mark["special"] or mark[0]
            self._special(name.lower(), said)
        self._trims = self._trims or not self._has_said

    def _thought(self, family: str, closes: bool, said: list[str]) -> None:
        self.has_thought = True
        if self._state is _State.THINKING:
            if closes and self._family in {"", family}:
                self._state = _State.SAYING
                self.opened_by_prompt |= not self._family
                self.thought_ended = True
        elif not closes:
            self._state, self._family = _State.THINKING, family
        else:
            self.opened_by_prompt = self.thought_ended = True
            if self._has_said:
                raise ThoughtLeaked("a thought without a beginning was taken for the answer")
            said.clear()

    def _special(self, name: str, said: list[str]) -> None:
        if name in _OPENING | _CLOSING:
            self._thought("special", name in _CLOSING, said)
        elif name in _WRAPPING:
            pass
        elif self._state is _State.THINKING and self._family != "harmony":
            if name in {"im_end", "</s>", "endoftext"}:
                self.ended = True
        elif name in _HEADED:
            self._begin_turn(self._header)
        elif self._has_said or any(text.strip() for text in said):
            self.ended = True
        elif name in _HEADING or name in {"end", "<start_of_turn>"}:
            self._state, self._header = _State.HEADING, ""
            self._has_channel = name == "channel"

    def _begin_turn(self, header: str) -> None:
        """Go on after `<|im_start|>assistant`, or after a channel's name."""
        name = header.strip().lower()
        if self._has_channel and not name.startswith("final"):
            self._state, self._family = _State.THINKING, "harmony"
            self.has_thought = True
        elif name in {"", "assistant", "model"} or self._has_channel:
            self._state = _State.SAYING
        else:
            self.ended = True  # the turn of another
        self._has_channel, self._header = False, ""


def spoken(text: str) -> str:
    """What of a whole answer the person may read; empty where it is only a thought."""
    reader = AnswerText()
    return reader.feed(text) + reader.close()
