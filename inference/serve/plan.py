"""What an operator asked for, and the command that does it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

    from inference.serve.checkpoint import Checkpoint

QUANT_POLICY: Final = {16: 0, 8: 8, 4: 4}
"""Bits of a number in the KV cache -> LMDeploy's `--quant-policy`."""


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """How to serve a model."""

    model: Path
    model_name: str
    host: str = "127.0.0.1"
    port: int = 23333
    session_len: int = 8192
    """Tokens of prompt and answer together; the bot's CONTEXT_WINDOW."""
    kv_bits: int = 8
    cache_max_entry_count: float = 0.8
    max_batch_size: int = 128
    tp: int = 1
    prefix_caching: bool = True
    api_keys: tuple[str, ...] = ()
    proxy_url: str = ""
    reasoning_parser: str = ""
    trust_remote_code: bool = False
    """Whether Python files that the model brings may run."""
    chat_template: str = ""
    """LMDeploy's name or a file of the layout that is served in place of the model's own."""

    @property
    def local_url(self) -> str:
        """The address to reach the server at from this machine, without a path."""
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104
        return f"http://{host}:{self.port}"


def server_arguments(options: ServeOptions, checkpoint: Checkpoint) -> list[str]:
    """What follows `lmdeploy` on the command line; without the API keys, which `ps` would show."""
    arguments = [
        "serve", "api_server", str(options.model),
        "--backend", "turbomind",
        "--model-name", options.model_name,
        "--server-name", options.host,
        "--server-port", str(options.port),
        "--session-len", str(options.session_len),
        "--max-batch-size", str(options.max_batch_size),
        "--cache-max-entry-count", f"{options.cache_max_entry_count:g}",
        "--quant-policy", str(QUANT_POLICY[options.kv_bits]),
        "--tp", str(options.tp),
        # No prompt in a log, and nothing that a foreign web page could use.
        "--log-level", "WARNING",
        "--max-log-len", "0",
        "--disable-fastapi-docs",
        "--allow-origins", "http://127.0.0.1",
    ]  # fmt: skip
    if checkpoint.is_awq:
        arguments += ["--model-format", "awq"]
    if options.prefix_caching:
        arguments.append("--enable-prefix-caching")
    if checkpoint.has_own_code and options.trust_remote_code:
        arguments.append("--trust-remote-code")
    if options.reasoning_parser:
        arguments += ["--reasoning-parser", options.reasoning_parser]
    if options.chat_template:
        arguments += ["--chat-template", options.chat_template]
    if options.proxy_url:
        arguments += ["--proxy-url", options.proxy_url]
    return arguments


def printable_command(options: ServeOptions, checkpoint: Checkpoint) -> str:
    """The command as one can paste it into a shell; keys stay in the environment."""
    command = shlex.join(["lmdeploy", *server_arguments(options, checkpoint)])
    return command + (' --api-keys "$LMDEPLOY_API_KEY"' if options.api_keys else "")
