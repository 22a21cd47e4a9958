"""Reads the bytes of a streamed chat completion: liberal in the form, strict about the end.

The `openai` package can do this too, but builds a validated object for every token: half of the
CPU time of a turn. This reader takes the fields that matter, in the forms in which the servers of
this protocol send them, and checks what the package does not: that the answer has an end, that the
end is a good one, and that nothing but events came.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inference.answer_text import AnswerText
from inference.engine import (
    ContentFiltered,
    ContextTooLong,
    EngineProtocolError,
    EngineUnavailable,
)
from inference.server_errors import FILTERED, error_from_body, is_error, parse_json

if TYPE_CHECKING:
    from collections.abc import Iterator

_WINDOW_SLACK: Final = 16  # tokens by which a server's counts may miss a window that is full
_MAX_LINE: Final = 1 << 20  # bytes; a line of one token is a few hundred

_BOM: Final = b"\xef\xbb\xbf"

# Ends that are none of an answer. Every other word for an end ("eos", "end_turn") is a good one.
_FAILED: Final = ("error", "abort", "insufficient_system_resource")
_NOT_TEXT: Final = ("tool_calls", "function_call")
_FILTERED_END: Final = ("content_filter", "sensitive")
_CUT_SHORT: Final = ("length", "max_tokens")

_REASONING: Final = ("reasoning_content", "reasoning", "thinking")
"""What the servers call the thought that they keep out of the answer."""


class AnswerReader:
    """Turns the body of one streamed answer into text and finds out whether it is whole.

    Feed it bytes as they come, in any split. `started` is true once there was text, `done` once
    the server or the model said that nothing more comes; `events` counts what came, without pings,
    and `words` those events in which the model wrote something, be it a thought;
    `completion_tokens` and `prompt_tokens` are the server's own counts, once it has told them.
    """

    def __init__(
        self,
        max_tokens: int,
        *,
        context_window: int | None = None,
        begins_in_thought: bool = False,
    ) -> None:
        """Begin an answer.

        Args:
            max_tokens: The most it may have.
            context_window: Tokens of prompt and answer together, where that is known.
            begins_in_thought: Whether its template opens a thought.
        """
        self._max_tokens = max_tokens
        self._context_window = context_window
        self._rest = b""
        self._is_first_line = True
        self._finish_reason = ""
        self._event_name = ""
        self._half_character = ""
        self.text = AnswerText(begins_in_thought=begins_in_thought)
        self.completion_tokens: int | None = None
        self.prompt_tokens: int | None = None
        self.events = 0
        self.words = 0
        self.started = False
        self.done = False

    def feed(self, data: bytes) -> Iterator[str]:
        """Yield the text in `data` and raise `EngineError` at the first thing that is wrong."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            yield from self._line(line)
        if len(self._rest) > _MAX_LINE:
            raise EngineProtocolError("a line of the stream is longer than 1 MiB")

    def finish(self) -> Iterator[str]:
        """Take the end of the body: yield what is left, raise unless the answer is whole."""
        rest, self._rest = self._rest, b""
        yield from self._line(rest)
        # Servers leave out the one or the other. Without both the connection may have been cut.
        if not self.done and not self._finish_reason:
            raise EngineProtocolError("the stream ended before the answer did")
        if self._finish_reason == "length" and self._hit_context_window():
            raise ContextTooLong("the answer reached the end of the model's context window")
        if self._half_character:
            raise EngineProtocolError("the text of an event is not text")
        yield from self._speak(self.text.close())
        if not self.started and self.words:
            raise EngineProtocolError(
                "the answer is only a thought: switch thinking off, or allow more tokens"
            )
        if not self.started:
            raise EngineProtocolError("the answer is empty")

    def _hit_context_window(self) -> bool:
        """Whether the answer stopped for its length because prompt and answer fill the window.

        That it has fewer tokens than it may have does not tell: servers have limits of their own
        for answers, and some count a token less, or none.
        """
        made, read, window = self.completion_tokens, self.prompt_tokens, self._context_window
        if made is None or made >= self._max_tokens:
            return False
        if not self.started and not self.words:
            return True
        if read is None or window is None:
            return False
        return read + made >= window - _WINDOW_SLACK

    def _line(self, line: bytes) -> Iterator[str]:
        line = line.rstrip(b"\r")
        if self._is_first_line:
            line, self._is_first_line = line.removeprefix(_BOM), False
        if self.done or line.startswith(b":"):
            return
        field, _, value = line.partition(b":")
        if not line:
            self._event_name = ""
        elif field == b"data":
            yield from self._data(value.strip())
        elif field == b"event":
            self._event_name = value.strip().decode(errors="replace")
        elif line.startswith(b"{"):
            yield from self._bare(parse_json(line))
        elif field == b"error":  # llama.cpp of old
            raise error_from_body({"error": parse_json(value) or "unknown"})
        elif field not in {b"id", b"retry"}:
            raise EngineProtocolError("the response is not an event stream")

    def _bare(self, body: object) -> Iterator[str]:
        """Take a JSON line without `data:`: an error, or the answer of a server without streams.

        LMDeploy's proxy answers for a dead node with status 200 and such a line.
        """
        match body:
            case {
                "choices": [{"message": {"content": str()} as message, **choice}, *_],
                **more,
            }:
                whole = {"choices": [{"delta": message, **choice}], "usage": more.get("usage")}
                yield from self._speak(self._event(whole))
                self.done = True
            case _:
                raise error_from_body(body)

    def _data(self, payload: bytes) -> Iterator[str]:
        if payload == b"[DONE]":
            self.done = True
            return
        self.events += 1
        yield from self._speak(self._event(parse_json(payload)))

    def _speak(self, text: str) -> Iterator[str]:
        if text and (self.started or text.strip()):
            self.started = True
            yield text
        if self.text.ended and not self.done:  # what follows is an invented turn of another
            self.done = True
            self._finish_reason = self._finish_reason or "stop"

    def _event(self, event: object) -> str:
        if not isinstance(event, dict):
            raise EngineProtocolError("an event of the stream is not a JSON object")
        if is_error(event):
            raise error_from_body(event)
        match event.get("usage"):
            case {"completion_tokens": int(tokens)}:
                self.completion_tokens = tokens
        match event.get("usage"):
            case {"prompt_tokens": int(tokens)}:
                self.prompt_tokens = tokens
        choices = event.get("choices")
        if not choices:
            is_other = self._event_name not in {"", "message"} or event.get("type") == "ping"
            if choices == [] or "usage" in event or is_other:
                return ""
            raise EngineProtocolError("an event of the stream is not a chat completion chunk")
        if not isinstance(choices, list) or not all(isinstance(one, dict) for one in choices):
            raise EngineProtocolError("an event of the stream is not a chat completion chunk")
        choice = next((one for one in choices if one.get("index") in {0, None}), None)
        return "" if choice is None else self._choice(choice)

    def _choice(self, choice: dict[str, object]) -> str:
        delta = choice.get("delta")
        if delta is None and "text" not in choice:
            delta = {}
        if not isinstance(delta, dict):
            raise EngineProtocolError("an event of the stream is not a chat completion chunk")
        written = _text(delta.get("content"))
        if written or any(delta.get(name) for name in _REASONING):
            self.words += 1
        said = self.text.feed(self._whole_characters(written))
        self._take_finish_reason(choice.get("finish_reason"))
        return said

    def _whole_characters(self, text: str) -> str:
        """The text without half of a surrogate pair at its end, which the next event completes."""
        text = self._half_character + text
        if text and "\ud800" <= text[-1] <= "\udbff":
            text, self._half_character = text[:-1], text[-1]
        else:
            self._half_character = ""
        try:
            return text.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            raise EngineProtocolError("the text of an event is not text") from None

    def _take_finish_reason(self, reason: object) -> None:
        if reason is None or reason == "":
            return
        if reason in _FAILED:
            raise EngineUnavailable(f"the server ended the generation with {reason!r}")
        if reason in _FILTERED_END:
            raise ContentFiltered(FILTERED)
        if not isinstance(reason, str) or reason in _NOT_TEXT:
            raise EngineProtocolError("the answer ended for a reason that is not text")
        self._finish_reason = "length" if reason in _CUT_SHORT else "stop"


def _text(content: object) -> str:
    """The text of a delta: a string, or a list of parts of which some are text."""
    if content is None:
        return ""
    if isinstance(content, list) and all(isinstance(part, dict) for part in content):
        parts = [part.get("text") for part in content if part.get("type", "text") == "text"]
        content = "".join(map(_text, parts))
    if not isinstance(content, str):
        raise EngineProtocolError("the text of an event is not text")
    return content
