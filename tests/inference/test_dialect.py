"""Which fields an error is about, as the servers word it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.dialect import Dialect, named_fields

SAID = "我的 temperature 和 top_p 都不好"
BODY: dict[str, object] = {
    "model": "m",
    "messages": [{"role": "user", "content": SAID}],
    "temperature": 0.7,
    "top_p": 0.8,
    "max_tokens": 768,
    "stream": True,
    "stream_options": {"include_usage": True},
    "repetition_penalty": 1.005,
    "enable_thinking": False,
    "thinking": {"type": "disabled"},
}


def error(message: str, **more: object) -> bytes:
    return json.dumps({"error": {"message": message, "param": None, **more}}).encode()


@pytest.mark.parametrize(
    ("refusal", "named"),
    [
        # OpenAI
        (error("Unrecognized request argument supplied: thinking"), {"thinking"}),
        (error("Unknown parameter", param="enable_thinking"), {"enable_thinking"}),
        # Mistral, FastAPI
        (json.dumps({"detail": [{
            "type": "extra_forbidden", "loc": ["body", "stream_options"],
            "msg": "Extra inputs are not permitted", "input": BODY,
        }]}).encode(), {"stream_options"}),
        # serde
        (error("unknown field `repetition_penalty`, expected one of `model`, `temperature`"),
         {"repetition_penalty"}),
        # Gemini
        (json.dumps([{"error": {
            "message": 'Invalid JSON payload. Unknown name "thinking": Cannot find field.',
        }}]).encode(),
         {"thinking"}),
        # OpenRouter passes another's error on
        (error("Provider returned error", metadata={"raw": error("bad", param="top_p").decode()}),
         {"top_p"}),
        # words without JSON
        (b"stream_options is not supported", {"stream_options"}),
        # nothing that could be left out
        (error(f"something is wrong with {SAID}"), set()),
        (error("please check your messages and the model"), set()),
        (error("no", param="messages"), {"messages"}),
        (b"", set()),
    ],
)  # fmt: skip
def test_a_refusal_names_the_fields_it_is_about(refusal: bytes, named: set[str]) -> None:
    assert named_fields(refusal, BODY) == named


def test_what_is_indispensable_is_never_left_out() -> None:
    for name in ("model", "messages", "stream", "max_tokens"):
        assert Dialect().after(error("no", param=name), BODY) is None


def test_a_newer_name_takes_the_place_of_the_older() -> None:
    refusal = error("Use 'max_completion_tokens' instead of 'max_tokens'.", param="max_tokens")
    dialect = Dialect().after(refusal, BODY)
    assert dialect is not None
    spoken = dialect.spoken(BODY)
    assert spoken["max_completion_tokens"] == 768
    assert "max_tokens" not in spoken
    assert dialect.after(refusal, spoken) is None


@given(st.binary(max_size=200), st.text(max_size=100))
def test_asking_again_comes_to_an_end(noise: bytes, words: str) -> None:
    for refusal in (noise, error(words), json.dumps(words).encode()):
        dialect, tries = Dialect(), 0
        while (other := dialect.after(refusal, dialect.spoken(BODY))) is not None:
            assert other != dialect
            dialect, tries = other, tries + 1
        assert tries <= len(BODY)
        assert {"model", "messages", "stream"} <= dialect.spoken(BODY).keys()
