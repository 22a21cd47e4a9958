"""Reads the bytes of a streamed chat completion, strictly.

The `openai` package can do this too, but builds a validated object for every token: half of the
CPU time of a turn. This reader takes the two fields that matter and checks what the package does
not: that the answer has an end, that the end is a good one, and that nothing but events came.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from inference.engine import (
    ContextTooLong,
    EngineError,
    EngineOverloaded,
    EngineProtocolError,
    EngineRejected,
    EngineTimeout,
    EngineUnavailable,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_LINE: Final = 1 << 20  # bytes; a line of one token is a few hundred

# The codes in the HTTP 200 bodies of `lmdeploy serve proxy` (lmdeploy/serve/proxy/utils.py).
_PROXY_MODEL_NOT_FOUND: Final = 10400

# How the servers say that a prompt does not fit: LMDeploy in words, llama.cpp by an error type.
_TOO_LONG: Final = ("context length", "context size", "exceed_context_size", "context_length")


class EndpointRefused(EngineRejected):
    """The endpoint would refuse any request: a wrong key, model name or path."""


class EndpointNotFound(EndpointRefused):
    """The endpoint has no such path, or no such model."""


class AnswerReader:
    """Turns the body of one streamed answer into text and finds out whether it is whole.

    Feed it bytes as they come, in any split. `started` is true once there was text, `done` once
    the server said that nothing more comes; `events` counts what came, without pings;
    `completion_tokens` is the server's own count, once it has told it.
    """

    def __init__(self, max_tokens: int) -> None:
        self._max_tokens = max_tokens
        self._rest = b""
        self._finish_reason = ""
        self.completion_tokens: int | None = None
        self.events = 0
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
        if not self.done:
            raise EngineProtocolError("the stream ended before the answer did")
        if not self._finish_reason:
            raise EngineProtocolError("the stream ended without a finish reason")
        if self._finish_reason == "length" and self._hit_context_window():
            raise ContextTooLong("the answer reached the end of the model's context window")
        if not self.started:
            raise EngineProtocolError("the answer is empty")

    def _hit_context_window(self) -> bool:
        """Whether the answer stopped for its length before it had all the tokens it may have."""
        return self.completion_tokens is not None and self.completion_tokens < self._max_tokens

    def _line(self, line: bytes) -> Iterator[str]:
        line = line.rstrip(b"\r")
        if not line or line.startswith(b":") or self.done:
            return
        if line.startswith(b"data:"):
            payload = line[5:].strip()
            if payload == b"[DONE]":
                self.done = True
                return
            self.events += 1
            text = self._event(payload)
            if text:
                self.started = True
                yield text
        elif line.startswith(b"{"):
            # LMDeploy's proxy answers for a dead node with status 200 and one bare JSON line.
            raise error_from_body(parse_json(line))
        elif not line.startswith((b"event:", b"id:", b"retry:")):
            raise EngineProtocolError("the response is not an event stream")

    def _event(self, payload: bytes) -> str:
        event = parse_json(payload)
        if not isinstance(event, dict):
            raise EngineProtocolError("an event of the stream is not a JSON object")
        if _is_error(event):
            raise error_from_body(event)
        match event:
            case {"choices": []}:
                match event:
                    case {"usage": {"completion_tokens": int(tokens)}}:
                        self.completion_tokens = tokens
                return ""
            case {"choices": [{"delta": {**delta}, **choice}]}:
                self._take_finish_reason(choice.get("finish_reason"))
                return _text(delta.get("content"))
        raise EngineProtocolError("an event of the stream is not a chat completion chunk")

    def _take_finish_reason(self, reason: object) -> None:
        if reason is None:
            return
        if reason in ("error", "abort"):
            raise EngineUnavailable(f"the server ended the generation with {reason!r}")
        if reason not in ("stop", "length"):
            raise EngineProtocolError("the answer ended for a reason that is not text")
        self._finish_reason = str(reason)


def error_from_body(body: object, status: int = 200) -> EngineError:
    """The error that a server's JSON error body stands for, without any of the server's words.

    Takes the flat bodies of LMDeploy, the `{"error": {...}}` of llama.cpp and of LMDeploy in a
    stream, and the `{"error_code": ...}` of LMDeploy's proxy. `status` is the HTTP status, used
    where the body has no code of its own.
    """
    if status < 300 and not _is_error(body):
        return EngineProtocolError("the response is neither what was asked for nor an error")
    if not isinstance(body, dict):
        return error_from_status(status)
    if "error_code" in body:
        if body["error_code"] == _PROXY_MODEL_NOT_FOUND:
            return EndpointRefused("the proxy has no node that serves this model")
        return EngineUnavailable("the proxy cannot reach a node")
    error = body.get("error")
    detail = error if isinstance(error, dict) else body
    code = detail.get("code")
    words = f"{detail.get('type')} {detail.get('message')}".lower()
    return error_from_status(
        code if status < 300 and isinstance(code, int) else status,
        too_long=any(hint in words for hint in _TOO_LONG),
    )


def _is_error(body: object) -> bool:
    return isinstance(body, dict) and bool(
        body.get("error") or body.get("object") == "error" or "error_code" in body
    )


def error_from_status(status: int, *, too_long: bool = False) -> EngineError:
    """The error that an HTTP status (or a code in its place) stands for."""
    error: EngineError
    if status in {400, 413, 422} and too_long:
        error = ContextTooLong("the prompt is longer than the model's context window")
    elif status in {401, 403}:
        error = EndpointRefused(f"the server refused the API key (status {status})")
    elif status in {404, 405} or 300 <= status < 400:
        refusal = EndpointRefused if status < 400 else EndpointNotFound
        error = refusal(
            f"the server does not know this model or path (status {status}); "
            "check the model's name and that the address ends in /v1"
        )
    elif status == 429:
        error = EngineOverloaded("the server has too many requests (status 429)")
    elif status in {408, 504}:
        error = EngineTimeout(f"the server gave up waiting (status {status})")
    elif 400 <= status < 499:
        error = EngineRejected(f"the server refused the request (status {status})")
    elif status >= 499:
        error = EngineUnavailable(f"the server failed (status {status})")
    else:
        error = EngineUnavailable("the server reported an error")
    return error


def _text(content: object) -> str:
    if content is None:
        return ""
    if not isinstance(content, str) or not _is_encodable(content):
        raise EngineProtocolError("the text of an event is not text")
    return content


def _is_encodable(text: str) -> bool:
    """False for half of a surrogate pair, which JSON can carry and no other part can store."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def parse_json(payload: bytes) -> object:
    """The JSON value, or None: the parser's own error would carry the text it could not read."""
    try:
        return json.loads(payload)
    except (ValueError, RecursionError):
        return None
