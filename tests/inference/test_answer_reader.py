"""Reading a streamed answer, byte by byte."""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.answer_reader import AnswerReader
from inference.engine import (
    ContentFiltered,
    ContextTooLong,
    EngineError,
    EngineOverloaded,
    EngineProtocolError,
    EngineRejected,
    EngineUnavailable,
)
from inference.server_errors import EndpointNotFound, EndpointRefused, error_from_body


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


def read(
    stream: str | bytes,
    size: int = 1 << 20,
    max_tokens: int = 100,
    context_window: int | None = None,
) -> list[str]:
    data = stream.encode() if isinstance(stream, str) else stream
    reader = AnswerReader(max_tokens, context_window=context_window)
    pieces: list[str] = []
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


def event(choice: dict[str, object] | None, **more: object) -> str:
    return "data: " + json.dumps({"choices": [choice] if choice else [], **more}) + "\n\n"


SAID = chunk("我在") + chunk("听。")
END = chunk("", "stop") + "data: [DONE]\n\n"
FORMS = {
    "a byte order mark": "\ufeff" + SAID + END,
    "an empty finish reason": chunk("我在", "") + chunk("听。", "") + END,
    "another word for the end": SAID + chunk("", "eos") + "data: [DONE]\n\n",
    "the end without a delta": SAID + event({"finish_reason": "stop"}) + END,
    "the end with a null delta": SAID + event({"delta": None, "finish_reason": "stop"}) + END,
    "usage beside null choices": SAID + END.replace(
        "data: [", 'data: {"choices": null, "usage": {"completion_tokens": 3}}\n\ndata: ['),
    "usage without choices": SAID + END.replace(
        "data: [", 'data: {"usage": {"completion_tokens": 3}}\n\ndata: ['),
    "a filter's report": SAID + event({"index": 0, "content_filter_results": {}}) + END,
    "pings": 'event: ping\ndata: {"type": "ping"}\n\nevent: x\ndata: {}\n\n' + SAID + END,
    "two choices": SAID + event({"index": 1, "delta": {"content": "别的"}}) + END,
    "parts": event({"delta": {"content": [{"type": "text", "text": "我在听。"}]}}) + END,
    "a thought beside the answer": event({"delta": {"reasoning_content": "想"}})
    + event({"delta": {"reasoning": "想", "content": None}}) + SAID + END,
    "a thought in the answer": chunk("<th") + chunk("ink>想</thi") + chunk("nk>\n\n") + SAID + END,
    "a turn's mark": SAID + chunk("[UNUSED_TOKEN_145]") + chunk("<|im_start|>user 我") + END,
    "no [DONE]": SAID + chunk("", "stop"),
    "no finish reason": SAID + "data: [DONE]\n\n",
    "no stream at all": '{"choices": [{"message": {"content": "我在听。"},'
    ' "finish_reason": "stop"}]}',
}  # fmt: skip


@pytest.mark.parametrize("stream", FORMS.values(), ids=FORMS.keys())
def test_what_the_servers_of_this_protocol_send_is_read(stream: str) -> None:
    assert "".join(read(stream)) == "我在听。"


@given(st.sampled_from(list(FORMS.values())), st.booleans(), st.lists(st.integers(0, 2000)))
def test_every_form_is_read_alike_over_any_boundary(
    stream: str, crlf: bool, cuts: list[int]
) -> None:
    data = (stream.replace("\n", "\r\n") if crlf else stream).encode()
    places = sorted({0, len(data), *(cut % len(data) for cut in cuts)})
    reader = AnswerReader(100)
    pieces: list[str] = []
    for start, end in pairwise(places):
        pieces += reader.feed(data[start:end])
    assert "".join([*pieces, *reader.finish()]) == "我在听。"


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_end_in_text_or_an_engine_error(data: bytes, is_event: bool) -> None:
    with suppress(EngineError):
        read(b"data: " + data if is_event else data)


def test_a_character_in_two_halves_is_whole_again() -> None:
    halves = event({"delta": {"content": "\ud83d"}}) + event({"delta": {"content": "\ude0a"}})
    assert "".join(read(halves + END)) == "😊"


@pytest.mark.parametrize("reason", ["stop", "length"])
def test_an_answer_that_is_only_a_thought_is_none(reason: str) -> None:
    stream = chunk("<think>想") + chunk("", reason) + "data: [DONE]\n\n"
    with pytest.raises(EngineProtocolError, match="only a thought"):
        read(stream)


def test_a_line_without_end_is_not_collected_for_ever() -> None:
    reader = AnswerReader(100)
    with pytest.raises(EngineProtocolError, match="longer than 1 MiB"):
        list(reader.feed(b"data: " + b" " * (2 << 20)))


def cut_short(read: int | None, made: int, said: str = SAID) -> str:
    """An answer that ended for its length, with the server's counts."""
    counts = {"completion_tokens": made} | ({} if read is None else {"prompt_tokens": read})
    usage = json.dumps({"choices": [], "usage": counts})
    return said + chunk("", "length") + f"data: {usage}\n\ndata: [DONE]\n\n"


@pytest.mark.parametrize(
    ("window", "prompt", "made"),
    [(1000, 500, 99), (1000, 500, 0), (1000, 500, 50), (1000, None, 50), (None, 990, 10)],
)
def test_a_length_below_max_tokens_is_a_limit_of_the_servers(
    window: int | None, prompt: int | None, made: int
) -> None:
    """Servers cap answers, count a token less, or count none: what was said stands."""
    assert "".join(read(cut_short(prompt, made), context_window=window)) == "我在听。"


@pytest.mark.parametrize(("prompt", "made"), [(990, 10), (985, 14), (997, 2)])
def test_a_length_at_the_end_of_the_window_means_that_it_was_full(prompt: int, made: int) -> None:
    with pytest.raises(ContextTooLong):
        read(cut_short(prompt, made), context_window=1000)
    assert read(cut_short(prompt, made), max_tokens=made, context_window=1000)


def test_a_length_before_the_first_word_means_that_the_window_was_full() -> None:
    with pytest.raises(ContextTooLong):
        read(cut_short(None, 0, said=""))


def test_words_of_another_behind_an_answer_are_no_end() -> None:
    """A gateway that breaks off an answer adds its own words, and closes the body well."""
    with pytest.raises(EngineProtocolError, match="not an event stream"):
        read(SAID + "upstream connect error or disconnect/reset before headers")
    with pytest.raises(EngineProtocolError, match="before the answer did"):
        read(SAID)


@pytest.mark.parametrize(
    "choice",
    [
        {"delta": {"content": 5}},
        {"delta": {"content": ["a"]}},
        {"delta": "text"},
        {"text": "completion"},
        {"delta": {}, "finish_reason": "tool_calls"},
        {"delta": {}, "finish_reason": ["stop"]},
    ],
)
def test_a_chunk_that_is_not_text_is_a_protocol_error(choice: object) -> None:
    with pytest.raises(EngineProtocolError):
        read("data: " + json.dumps({"choices": [choice]}) + "\n\n" + WHOLE)


@pytest.mark.parametrize(
    ("reason", "meaning"),
    [
        ("content_filter", ContentFiltered),
        ("sensitive", ContentFiltered),
        ("insufficient_system_resource", EngineUnavailable),
    ],
)
def test_an_answer_that_a_service_breaks_off_is_none(
    reason: str, meaning: type[EngineError]
) -> None:
    with pytest.raises(meaning):
        read(chunk("我在") + chunk("", reason) + "data: [DONE]\n\n")


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


@pytest.mark.parametrize("status", [400, 413, 422, 500, 502])
@pytest.mark.parametrize(
    "words",
    [
        "the request exceeds the available context size",
        "Prompt 超长",
        "Request parameter exceeds max length",
        "Invalid request: Your request exceeded model token limit: 8192",
        "The input token count (9) exceeds the maximum number of tokens allowed (8)",
        "input exceeds the maximum length of the model",
        "Input validation error: `inputs` must have less than 4095 tokens",
        "Prompt length (9) exceeds max_num_tokens (8)",
        "length of prompt_tokens (9) must be less than max_seq_len (8)",
        "The decoder prompt (length 9) is longer than the maximum model length of 8",
        "context shift is disabled",
    ],
)
def test_that_a_prompt_is_too_long_is_known_by_its_words_whatever_the_status(words, status) -> None:
    assert type(error_from_body({"error": {"message": words}}, status)) is ContextTooLong
    assert type(error_from_body({"error": {"message": words}}, 429)) is EngineOverloaded


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"error": {"message": "Content Exists Risk", "code": "invalid_request_error"}}, 400),
        ({"error": {"message": "The request was rejected because it was considered high risk",
                    "type": "content_filter"}}, 400),
        ({"error": {"code": "1301", "message": "可能包含不安全或敏感内容"}}, 400),
        ({"error": {"code": "InputTextSensitiveContentDetected", "message": "x"}}, 400),
        ({"code": 20045, "message": "x"}, 451),
        ([{"error": {"code": 400, "message": "blocked by content filter"}}], 400),
    ],
)  # fmt: skip
def test_a_services_own_filter_is_known(body: object, status: int) -> None:
    assert type(error_from_body(body, status)) is ContentFiltered


@pytest.mark.parametrize(
    ("body", "status", "meaning"),
    [
        ([{"error": {"code": 429, "message": "quota"}}], 429, EngineOverloaded),
        ([{"error": {"code": 400, "message": "exceeds the maximum number of tokens"}}], 400,
         ContextTooLong),
        ({"error_code": 336007, "error_msg": "the max length of message is 20000"}, 200,
         ContextTooLong),
        ({"error_code": 18, "error_msg": "Open api qps request limit reached"}, 429,
         EngineOverloaded),
    ],
)  # fmt: skip
def test_errors_in_a_list_and_with_codes_of_other_services_are_read(
    body: object, status: int, meaning: type[EngineError]
) -> None:
    assert type(error_from_body(body, status)) is meaning


def test_a_service_in_the_cloud_says_in_its_own_words_what_is_wrong() -> None:
    too_long = {"error": {"message": "Range of input length should be [1, 30720]"}}
    assert type(error_from_body(too_long, 400)) is ContextTooLong
    no_balance = {"error": {"message": "Insufficient Balance"}}
    assert type(error_from_body(no_balance, 402)) is EndpointRefused
