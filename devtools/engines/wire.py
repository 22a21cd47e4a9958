"""What the fake LMDeploy node says on the wire: chunks, errors and everything that may go wrong."""

from __future__ import annotations

import asyncio
import enum
import json
import math
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


class Fault(enum.StrEnum):
    """What may go wrong with a generation."""

    NONE = "none"
    # before the first token
    STALL_BEFORE_FIRST_TOKEN = "stallbefore_first_token"
    ONLY_PINGS = "only_pings"  # comment lines, as llama.cpp sends while a request waits
    PROXY_DEAD_NODE = "proxy_dead_node"  # LMDeploy's proxy: status 200 and one bare JSON line
    HTML = "html"
    BINARY = "binary"
    EMPTY_BODY = "empty_body"
    EMPTY_ANSWER = "empty_answer"
    # in mid-stream
    STALL_MID_STREAM = "stall_mid_stream"
    RESET = "reset"  # the connection breaks
    CUT = "cut"  # the body ends, properly, before the answer does
    NO_END = "no_end"  # every token, but neither a finish reason nor [DONE]
    ERROR_EVENT = "error_event"
    FINISH_ERROR = "finish_error"
    ABORT = "abort"
    BROKEN_JSON = "broken_json"
    NOT_A_CHUNK = "not_a_chunk"
    LONE_SURROGATE = "lone_surrogate"


BEFORE_FIRST_TOKEN = (
    Fault.STALL_BEFORE_FIRST_TOKEN,
    Fault.ONLY_PINGS,
    Fault.PROXY_DEAD_NODE,
    Fault.HTML,
    Fault.BINARY,
    Fault.EMPTY_BODY,
    Fault.EMPTY_ANSWER,
)
MID_STREAM = tuple(f for f in Fault if f not in BEFORE_FIRST_TOKEN and f is not Fault.NONE)

STALLS = (Fault.STALL_BEFORE_FIRST_TOKEN, Fault.ONLY_PINGS, Fault.STALL_MID_STREAM)
BREAKING = tuple(f for f in MID_STREAM if f is not Fault.NO_END)

BARE_BODIES = {
    Fault.PROXY_DEAD_NODE: b'{"error_code":10402,"text":"Failed to get response"}\n',
    Fault.HTML: b"<!doctype html>\n<title>502 Bad Gateway</title>\n",
    Fault.BINARY: bytes(range(256)) * 8,
    Fault.EMPTY_BODY: b"",
}
_FIELDS: dict[str, type | tuple[type, ...]] = {
    "model": str,
    "messages": list,
    "temperature": (int, float),
    "top_p": (int, float),
    "max_tokens": int,
    "repetition_penalty": (int, float),
    "dry_multiplier": (int, float),  # llama.cpp's alone
    "stream": bool,
    "logprobs": bool,
    "top_logprobs": int,
    "stream_options": dict,
    "chat_template_kwargs": dict,
}


class ConnectionBrokenError(Exception):
    """Breaks the connection."""


async def before_first_token(fault: Fault) -> AsyncGenerator[bytes, None]:
    if fault in BARE_BODIES:
        yield BARE_BODIES[fault]
    if fault is Fault.STALL_BEFORE_FIRST_TOKEN:
        await asyncio.Event().wait()
    while fault is Fault.ONLY_PINGS:
        yield b": ping\n\n"
        await asyncio.sleep(0.02)


async def break_stream(fault: Fault, body: dict[str, Any]) -> AsyncGenerator[bytes, None]:
    said = body["messages"][-1]["content"]
    match fault:
        case Fault.STALL_MID_STREAM:
            while True:
                yield b": ping\n\n"
                await asyncio.sleep(0.02)
        case Fault.RESET:
            raise ConnectionBrokenError
        case Fault.ERROR_EVENT:
            error = {"message": said, "type": "server_error", "code": 500, "object": "error"}
            yield event({"error": error}) + b"data: [DONE]\n\n"
        case Fault.FINISH_ERROR:
            yield chunk(body, "", "error") + b"data: [DONE]\n\n"
        case Fault.ABORT:
            yield chunk(body, "", "abort") + b"data: [DONE]\n\n"
        case Fault.BROKEN_JSON:
            yield b'data: {"choices": [' + said.encode() + b"\n\n"
        case Fault.NOT_A_CHUNK:
            yield event({"choices": [{"text": said}]})
        case Fault.LONE_SURROGATE:
            yield chunk(body, "\ud83d") + chunk(body, "", "stop") + b"data: [DONE]\n\n"


def problem_of(body: dict[str, Any]) -> str:
    """What LMDeploy would refuse in this request, or would ignore in silence."""
    for name, value in body.items():
        if name not in _FIELDS:
            return f"unknown field {name}"
        if not isinstance(value, _FIELDS[name]):
            return f"wrong type of {name}"
    if missing := {"model", "messages", "max_tokens"} - body.keys():
        return f"missing {sorted(missing)}"
    if not body["messages"]:
        return "no messages"
    for message in body["messages"]:
        roles = {"system", "user", "assistant"}
        if set(message) != {"role", "content"} or message["role"] not in roles:
            return "a message is not one"
    is_choice = body.get("logprobs") and body["max_tokens"] == 1 and 0 < body["top_logprobs"] <= 20
    if not body.get("stream") and not is_choice:
        return "only streams, and the log-probabilities of one token, are served here"
    if not 0 <= body.get("temperature", 1) <= 2 or not 0 < body.get("top_p", 1) <= 1:
        return "sampling out of range"
    return "" if body["max_tokens"] > 0 else "max_tokens out of range"


def one_token(body: dict[str, Any], likely: dict[str, float]) -> dict[str, Any]:
    """A completion of one token, and how likely it and others were; without, where `likely` is {}.

    As LMDeploy 0.18 answers to `logprobs`, `top_logprobs` and `max_tokens` 1.
    """
    ranked = sorted(likely.items(), key=lambda pair: -pair[1])[: body["top_logprobs"]]
    told = [
        {"token": word, "bytes": list(word.encode()), "logprob": math.log(probability)}
        for word, probability in ranked
        if probability > 0
    ]
    content = [told[0] | {"top_logprobs": told}] if told else []
    said = ranked[0][0] if ranked else "A"
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": said},
        "logprobs": {"content": content} if told else None,
        "finish_reason": "length",
    }
    return {"id": "1", "object": "chat.completion", "model": body["model"], "choices": [choice]}


def error_response(status: int, message: str) -> JSONResponse:
    kind = "invalid_request_error" if status < 500 else "server_error"
    content = {"message": message, "type": kind, "code": status, "param": None, "object": "error"}
    return JSONResponse(content, status_code=status)


def chunk(body: dict[str, Any], text: str, finish_reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {"role": "assistant", "content": text}}
    if finish_reason:
        choice["finish_reason"] = finish_reason
    return event(_head(body) | {"choices": [choice], "usage": None})


def usage(body: dict[str, Any], tokens: int) -> bytes:
    read = sum(len(message["content"]) for message in body["messages"])
    counts = {"prompt_tokens": read, "completion_tokens": tokens, "total_tokens": read + tokens}
    return event(_head(body) | {"choices": [], "usage": counts})


def _head(body: dict[str, Any]) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": body["model"]}


def event(content: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(content).encode() + b"\n\n"
