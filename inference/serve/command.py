"""`python -m inference serve`: look at the model and the GPU, say what fits, serve, watch."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import signal
import socket
import sys
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

import httpx2

from inference import persona
from inference.chat_completions import ChatCompletions, Timeouts
from inference.console import CommandError, say
from inference.engine import EngineError, Message, Sampling
from inference.serve import settings
from inference.serve.checkpoint import add_stop_ids, read_checkpoint
from inference.serve.checks import (
    Severity,
    check_checkpoint,
    check_gpus,
    check_memory,
    check_remote_code,
)
from inference.serve.gpus import NoDriver, visible_gpus
from inference.serve.launch import KEYS_VARIABLE
from inference.serve.memory import GIB, RESERVED, fit
from inference.serve.plan import printable_command, server_arguments
from inference.serve.supervisor import Supervisor

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from inference.serve.checkpoint import Checkpoint
    from inference.serve.checks import Finding
    from inference.serve.gpus import Gpu
    from inference.serve.plan import ServeOptions

LENGTHS: Final = (2048, 4096, 8192)
"""Tokens of the conversations that the room is counted in."""

_LOOK: Final = 5.0  # seconds
_WARM_UP: Final = Sampling(max_tokens=16)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's flags."""
    settings.add_arguments(parser)
    parser.add_argument(
        "--print-command", action="store_true", help="show what would be run, and do nothing"
    )
    parser.add_argument(
        "--gpu-memory", type=float, metavar="GIB",
        help="with --print-command: count with a GPU of so many GiB instead of this machine's",
    )  # fmt: skip
    parser.add_argument(
        "--fix", action="store_true", help="add missing stop tokens to generation_config.json"
    )


def run(parsed: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM."""
    options = settings.read_options(parsed)
    if parsed.gpu_memory is not None and not (parsed.print_command and parsed.gpu_memory > 0):
        raise CommandError("--gpu-memory goes with --print-command, in GiB above 0.", exit_status=2)
    checkpoint = read_checkpoint(options.model)
    if parsed.fix and not parsed.print_command and checkpoint.wanted_stop_ids - checkpoint.stop_ids:
        add_stop_ids(checkpoint)
        checkpoint = read_checkpoint(options.model)
        say(f"Wrote eos_token_id {sorted(checkpoint.stop_ids)} to generation_config.json.")
    findings = [
        *check_checkpoint(checkpoint, options),
        *check_remote_code(checkpoint, options),
    ]
    gpu_memory, about_gpus = _look_at_gpus(parsed, options, checkpoint)
    findings += about_gpus
    for line in _describe(options, checkpoint, gpu_memory):
        say(line)
    for finding in findings:
        say(f"{finding.severity.value}: {finding.what}. {_sentence(finding.fix)}")
    if parsed.print_command:
        say(printable_command(options, checkpoint))
        return 0
    if any(finding.severity is Severity.REFUSAL for finding in findings):
        raise CommandError("Not started; the lines above say why.")
    _refuse_what_is_not_there(options)
    command = [sys.executable, "-m", "inference.serve.launch"]
    asyncio.run(supervise([*command, *server_arguments(options, checkpoint)], options))
    return 0


async def supervise(command: Sequence[str], options: ServeOptions) -> None:
    """Keep `command` serving at the options' address until SIGINT or SIGTERM."""
    if settings.is_open_to_all(options):
        say(f"note: anybody who reaches {options.host} can use this server: set LMDEPLOY_API_KEY.")
    environment = os.environ | {KEYS_VARIABLE: ",".join(options.api_keys)}
    environment.setdefault("UVICORN_LOG_LEVEL", "warning")
    loop = asyncio.get_running_loop()
    async with httpx2.AsyncClient(trust_env=False, timeout=_LOOK) as client:
        supervisor = Supervisor(
            command,
            healthy=lambda: _is_healthy(client, options),
            warm_up=lambda: _warm_up(options),
            tell=say,
            environment=environment,
        )
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, supervisor.stop)
        await supervisor.run()
    say("Stopped.")


async def _is_healthy(client: httpx2.AsyncClient, options: ServeOptions) -> bool:
    try:
        response = await client.get(f"{options.local_url}/health", headers=_authorization(options))
    except httpx2.HTTPError:
        return False
    return response.status_code == httpx2.codes.OK


async def _warm_up(options: ServeOptions) -> None:
    """Have one short answer made: the first one is slow, and the persona gets into the cache."""
    key = next(iter(options.api_keys), "")
    base_url = f"{options.local_url}/v1"
    timeouts = Timeouts(first_token=120.0, stall=60.0)
    client = ChatCompletions(base_url, api_key=key, timeouts=timeouts, on_this_machine=True)
    prompt = [Message("system", persona.SYSTEM_PROMPT), Message("user", "你好")]
    try:
        async with aclosing(client.stream(prompt, _WARM_UP, options.model_name)) as pieces:
            async for _ in pieces:
                pass
    except EngineError as error:
        raise CommandError(f"The server came up and cannot answer: {error}.") from None
    finally:
        await client.aclose()
    say(f"Serving {options.model_name} at {base_url}")
    say(f"For the bot's .env: LMDEPLOY_URLS={base_url} CONTEXT_WINDOW={options.session_len}")


def _authorization(options: ServeOptions) -> dict[str, str]:
    return {"Authorization": f"Bearer {options.api_keys[0]}"} if options.api_keys else {}


def _look_at_gpus(
    parsed: argparse.Namespace, options: ServeOptions, checkpoint: Checkpoint
) -> tuple[int | None, list[Finding]]:
    """The bytes a GPU has to give, None where there is none, and what is to say about it."""
    if parsed.gpu_memory is not None:
        gpu_memory = int(parsed.gpu_memory * GIB)
        return gpu_memory, list(check_memory(checkpoint, options, gpu_memory))
    try:
        gpus = visible_gpus()
    except NoDriver as missing:
        say(f"{missing}.")
        gpus = []
    for number, one in enumerate(gpus):
        say(_gpu(number, one))
    found = list(check_gpus(checkpoint, options, gpus))
    return min((gpu.free for gpu in gpus[: options.tp]), default=None), found


def _describe(options: ServeOptions, checkpoint: Checkpoint, gpu_memory: int | None) -> list[str]:
    """The arithmetic, for a person."""
    packed = checkpoint.quantization
    kind = f"{packed.bits} bits by {packed.method}" if packed else "16 bits"
    room = fit(
        checkpoint.shape, packed, gpu_memory=gpu_memory or 0, kv_bits=options.kv_bits,
        cache_max_entry_count=options.cache_max_entry_count, tp=options.tp,
    )  # fmt: skip
    each = " on each GPU" if options.tp > 1 else ""
    lines = [
        f"Model     {options.model} ({checkpoint.architecture}, {kind})",
        f"Weights   {room.weights / GIB:.1f} GiB{each}, "
        f"and {RESERVED / GIB:.1f} GiB set aside for CUDA and activations",
        f"KV cache  {room.per_token / 1024:g} KiB a token{each} at {options.kv_bits} bits",
    ]
    if gpu_memory is not None:
        counts = ", ".join(f"{room.chats(length)} of {length}" for length in LENGTHS)
        lines += [
            f"GPU       {gpu_memory / GIB:.1f} GiB free{each}: {max(room.cache, 0) / GIB:.1f} GiB "
            f"of KV cache, {room.tokens} tokens",
            f"Room for  this many conversations at once, by their tokens: {counts}",
        ]
    return lines


def _gpu(number: int, gpu: Gpu) -> str:
    return (
        f"GPU {number}     {gpu.name}, {gpu.free / GIB:.1f} of {gpu.total / GIB:.1f} GiB free, "
        f"compute capability {'.'.join(map(str, gpu.capability))}, driver {gpu.driver}"
    )


def _refuse_what_is_not_there(options: ServeOptions) -> None:
    if importlib.util.find_spec("lmdeploy") is None:
        raise CommandError(
            "LMDeploy is not installed here: pip install --editable '.[inference]' "
            "(in an environment of its own, see docs/serving.md)."
        )
    with socket.socket(socket.AF_INET6 if ":" in options.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((options.host, options.port))
        except OSError as error:
            raise CommandError(
                f"Cannot listen on {options.host} port {options.port} ({error.strerror}): "
                "choose another --port or --host."
            ) from None


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
