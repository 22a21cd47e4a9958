"""Reading a streamed answer, byte by byte."""

from __future__ import annotations

import json

import pytest

from inference.answer_reader import AnswerReader, EndpointNotFound, EndpointRefused, error_from_body
from inference.engine import (
    ContextTooLong,
    EngineError,
    EngineProtocolError,
    EngineRejected,
    EngineUnavailable,
)


def chunk(text: str | None, finish_reason: str | None = None) -> str:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish_reason}
    return "data: " + json.dumps({"choices": [choice]}, ensure_ascii=False) + "\n\n"


WHOLE = (
    ": ping\n\n"
    + chunk(None)
    + chunk("我在")
    + chunk("")
    + chunk("听😀。")
    + chunk("", "stop")
    + 'data: {"choices":[],"usage":{"completion_tokens":4}}\n\n'
    + "data: [DONE]\n\n"
)


def read(stream: str | bytes, size: int = 1 << 20, max_tokens: int = 100) -> list[str]:
    data = stream.encode() if isinstance(stream, str) else stream
    reader = AnswerReader(max_tokens)
    pieces = []
    for start in range(0, len(data), size):
        pieces += reader.feed(data[start : start + size])
    return [*pieces, *reader.finish()]


@pytest.mark.parametrize("size", range(1, 40))
def test_any_split_of_the_bytes_gives_the_same_text(size: int) -> None:
    assert read(WHOLE, size) == ["我在", "听😀。"]


@pytest.mark.parametrize(
    "stream",
    [
        WHOLE.replace("\n", "\r\n"),
        WHOLE.replace("data: ", "data:"),
        "event: message\nid: 3\nretry: 10\n" + WHOLE,
        WHOLE.removesuffix("\n\n"),
        WHOLE + chunk("after the end"),
        # servers that do not count tokens
        WHOLE.replace('data: {"choices":[],"usage":{"completion_tokens":4}}\n\n', ""),
    ],
    ids=["crlf", "no space", "other fields", "no last newline", "after the end", "no usage"],
)
def test_what_the_format_allows_is_read(stream: str) -> None:
    assert read(stream) == ["我在", "听😀。"]


def test_a_line_without_end_is_not_collected_for_ever() -> None:
    reader = AnswerReader(100)
    with pytest.raises(EngineProtocolError, match="longer than 1 MiB"):
        list(reader.feed(b"data: " + b" " * (2 << 20)))


def test_a_length_below_max_tokens_means_that_the_window_was_full() -> None:
    stream = WHOLE.replace('"stop"', '"length"')
    assert read(stream, max_tokens=4) == ["我在", "听😀。"]
    with pytest.raises(ContextTooLong):
        read(stream, max_tokens=5)


@pytest.mark.parametrize(
    "choice",
    [
        {"delta": {"content": 5}},
        {"delta": {"content": ["a"]}},
        {"delta": "text"},
        {"text": "completion"},
        {"delta": {}, "finish_reason": "tool_calls"},
        {"delta": {}, "finish_reason": "content_filter"},
        {"delta": {}, "finish_reason": ["stop"]},
    ],
)
def test_a_chunk_that_is_not_text_is_a_protocol_error(choice: object) -> None:
    with pytest.raises(EngineProtocolError):
        read("data: " + json.dumps({"choices": [choice]}) + "\n\n" + WHOLE)


@pytest.mark.parametrize(
    ("body", "meaning"),
    [
        # LMDeploy, flat
        ({"message": "Input length (9) must be smaller than the model context length (8).",
          "type": "invalid_request_error", "code": 400, "object": "error"}, ContextTooLong),
        ({"message": "The top_k -1 cannot be negative", "code": 400, "object": "error"},
         EngineRejected),
        ({"message": "The model 'a' does not exist.", "code": 404, "object": "error"},
         EndpointNotFound),
        # llama.cpp, nested
        ({"error": {"code": 400, "message": "request (619 tokens) exceeds the available context "
                    "size (512 tokens)", "type": "exceed_context_size_error"}}, ContextTooLong),
        # LMDeploy in a stream, nested
        ({"error": {"message": "gone", "code": 503, "object": "error"}}, EngineUnavailable),
        ({"error": "some words"}, EngineUnavailable),
        # LMDeploy's proxy
        ({"error_code": 10400, "text": "no model"}, EndpointRefused),
        ({"error_code": 10401, "text": "unavailable"}, EngineUnavailable),
        ({"error_code": 10402, "text": "time-out"}, EngineUnavailable),
        # anything
        ("words", EngineProtocolError),
        (None, EngineProtocolError),
    ],
)  # fmt: skip
def test_an_error_body_becomes_the_right_error(body: object, meaning: type[EngineError]) -> None:
    assert type(error_from_body(body)) is meaning


def test_an_http_status_counts_more_than_the_code_in_the_body() -> None:
    assert type(error_from_body({"code": 200}, 503)) is EngineUnavailable
    assert type(error_from_body("not a dict", 400)) is EngineRejected
