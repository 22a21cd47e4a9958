"""What a server's refusal means, without any of its words: servers echo prompts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from inference.engine import (
    ContentFiltered,
    ContextTooLong,
    EngineError,
    EngineOverloaded,
    EngineProtocolError,
    EngineRejected,
    EngineTimeout,
    EngineUnavailable,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

# The codes in the HTTP 200 bodies of `lmdeploy serve proxy` (lmdeploy/serve/proxy/utils.py).
_PROXY_CODES: Final = range(10400, 10500)
_PROXY_MODEL_NOT_FOUND: Final = 10400

# How the servers say that a prompt does not fit: LMDeploy, vLLM and SGLang in words, llama.cpp by
# an error type, OpenAI by a code, DashScope by the range that its length should have had, vLLM of
# old by what was left for an answer, TGI and TensorRT-LLM by the names of their own limits. What
# is in none of these words is asked again without the past (`bot.conversation.companion`).
_TOO_LONG: Final = (
    "context length", "context size", "exceed_context_size", "context_length", "context window",
    "range of input length", "prompt is too long", "input is too long", "too many tokens",
    "max_tokens must be at least 1, got -", "max_new_tokens` must be <=", "maximum prompt length",
    "context shift is disabled", "model token limit", "maximum number of tokens",
    "maximum model length", "max_model_len", "max_seq_len", "max_num_tokens", "max length",
    "maximum length", "inputs` must have less than", "超长", "长度超过", "超过最大长度",
)  # fmt: skip

# What they say where the account is empty, DashScope with status 400 and OpenAI with 429.
_NO_BALANCE: Final = (
    "arrearage", "insufficient_quota", "insufficient balance", "insufficient_balance",
)  # fmt: skip
_NO_SUCH_MODEL: Final = (
    "model_not_found", "model not found", "model not exist", "model_not_exist",
    "invalid model name",
)  # fmt: skip
# DashScope, Azure and OpenAI, DeepSeek, Moonshot, Zhipu, Ark.
_FILTERED: Final = (
    "data_inspection_failed", "datainspectionfailed", "content_filter", "content exists risk",
    "considered high risk", "contentfilter", "content filter", "sensitivecontentdetected",
    "sensitive content", "content_policy", "敏感内容", "不安全或敏感",
)  # fmt: skip
_FILTERED_CODES: Final = ("1301",)  # Zhipu
_FILTERED_STATUS: Final = 451  # SiliconFlow

_SURELY_OTHERWISE: Final = frozenset({401, 402, 403, 404, 405, 408, 429, 504})
"""Status that say what is wrong better than words that look like "too long"."""

FILTERED: Final = "the server's own filter stopped it"


class EndpointRefused(EngineRejected):
    """The endpoint would refuse any request: a wrong key, model name or path."""


class EndpointNotFound(EndpointRefused):
    """The endpoint has no such path, or no such model."""


def error_from_body(body: object, status: int = 200) -> EngineError:
    """The error that a server's JSON error body stands for, without any of the server's words.

    Takes the flat bodies of LMDeploy, vLLM and SGLang, the `{"error": {...}}` of OpenAI and most
    others, the same in a list (Gemini), an `{"error": "..."}`, FastAPI's `{"detail": "..."}` and
    the `{"error_code": ...}` of LMDeploy's proxy and of Qianfan. `status` is the HTTP status; that
    of a stream is the code in the body.
    """
    if isinstance(body, list) and body:
        body = body[0]
    if status < 300 and not is_error(body):
        return EngineProtocolError("the response is neither what was asked for nor an error")
    if not isinstance(body, dict):
        return error_from_status(status)
    if body.get("error_code") in _PROXY_CODES:
        if body["error_code"] == _PROXY_MODEL_NOT_FOUND:
            return EndpointRefused("the proxy has no node that serves this model")
        return EngineUnavailable("the proxy cannot reach a node")
    error = body.get("error")
    detail = error if isinstance(error, dict) else body
    code = detail.get("code")
    said = (*map(detail.get, ("type", "code", "message", "error_msg")), error, body.get("detail"))
    words = " ".join(part for part in said if isinstance(part, str)).lower()
    if status == _FILTERED_STATUS or str(code) in _FILTERED_CODES:
        return ContentFiltered(FILTERED)
    if status < 300:
        status = code if isinstance(code, int) else 0
    return _error_from_words(words, status) or error_from_status(status)


def _error_from_words(words: str, status: int) -> EngineError | None:
    """The error where the status says less than the words; a status of 0 says nothing."""

    def tells(hints: Sequence[str]) -> bool:
        return any(hint in words for hint in hints)

    # Some say it with status 500. Taken for an outage, one chat would keep everybody waiting.
    if status not in _SURELY_OTHERWISE and tells(_TOO_LONG):
        return ContextTooLong("the prompt is longer than the model's context window")
    if status in {0, 400, 402, 403, 429} and tells(_NO_BALANCE):
        return EndpointRefused("the account at the server has no balance left")
    if status in {0, 400, 404, 422} and tells(_NO_SUCH_MODEL):
        return EndpointNotFound(f"the server has no such model (status {status or 200})")
    if status in {0, 400, 403, 421, 422, 500} and tells(_FILTERED):
        return ContentFiltered(FILTERED)
    return None


def is_error(body: object) -> bool:
    """Whether a JSON body is an error, whatever the status says."""
    return isinstance(body, dict) and bool(
        body.get("error") or body.get("object") == "error" or "error_code" in body
    )


def error_from_status(status: int) -> EngineError:
    """The error that an HTTP status (or a code in its place) stands for; 0 for none."""
    error: EngineError
    if status in {401, 403}:
        error = EndpointRefused(f"the server refused the API key (status {status})")
    elif status == 402:
        error = EndpointRefused("the account at the server has no balance left (status 402)")
    elif status in {404, 405} or 300 <= status < 400:
        refusal = EndpointRefused if status < 400 else EndpointNotFound
        error = refusal(
            f"the server does not know this model or path (status {status}); "
            "check the model's name and the address's path (most end in /v1)"
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


def parse_json(payload: bytes) -> object:
    """The JSON value, or None: the parser's own error would carry the text it could not read."""
    try:
        return json.loads(payload)
    except (ValueError, RecursionError):
        return None
