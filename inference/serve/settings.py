"""The flags of `python -m inference serve`, each with an environment variable behind it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from inference.console import CommandError, environment
from inference.serve.memory import KV_BITS
from inference.serve.plan import ServeOptions

if TYPE_CHECKING:
    import argparse

_ANYWHERE = {"0.0.0.0", "::"}  # noqa: S104


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags; where one is left out, its variable counts, then the default."""
    parser.add_argument(
        "model", nargs="?", default=environment("SERVE_MODEL"), metavar="MODEL",
        help="folder of the model, fp16 or AWQ, in Hugging Face's layout [SERVE_MODEL]",
    )  # fmt: skip
    _add(parser, "--host", "SERVE_HOST", "127.0.0.1", "address to listen on; 0.0.0.0 for all")
    _add(parser, "--port", "SERVE_PORT", "23333", "port to listen on", kind=int)
    _add(parser, "--model-name", "MODEL_NAME", "", "name for clients (default: the folder's)")
    _add(
        parser, "--session-len", "CONTEXT_WINDOW", "8192",
        "tokens of prompt and answer together; the bot reads the same variable", kind=int,
    )  # fmt: skip
    _add(
        parser, "--kv-bits", "SERVE_KV_BITS", "8",
        "bits of a number in the KV cache: 16, 8 or 4", kind=int,
    )  # fmt: skip
    _add(
        parser, "--cache-max-entry-count", "SERVE_CACHE_SHARE", "0.8",
        "share of the memory left beside the weights that the KV cache takes", kind=float,
    )  # fmt: skip
    _add(parser, "--max-batch-size", "SERVE_MAX_BATCH", "128", "answers made at once", kind=int)
    _add(
        parser,
        "--tp",
        "SERVE_CARDS",
        "1",
        "GPUs that share the model (tensor parallelism)",
        kind=int,
    )
    _add(parser, "--proxy-url", "SERVE_PROXY_URL", "", "`lmdeploy serve proxy` to register with")
    _add(
        parser, "--reasoning-parser", "SERVE_REASONING_PARSER", "",
        "LMDeploy's reader of the model's thoughts, such as qwen-qwq or deepseek-r1",
    )  # fmt: skip
    _add(
        parser, "--chat-template", "SERVE_CHAT_TEMPLATE", "",
        "file or name of a chat template for LMDeploy, in place of the model's own",
    )  # fmt: skip
    parser.add_argument(
        "--trust-remote-code", action="store_true",
        default=environment("SERVE_TRUST_REMOTE_CODE") == "1",
        help="run Python files that the model brings; read them first [SERVE_TRUST_REMOTE_CODE=1]",
    )  # fmt: skip
    parser.add_argument("--no-prefix-caching", action="store_true", help="for comparisons only")
    parser.add_argument(
        "--api-key-file", type=Path, metavar="FILE",
        help="API keys, one a line (default: the variable LMDEPLOY_API_KEY, comma-separated)",
    )  # fmt: skip


def read_options(parsed: argparse.Namespace) -> ServeOptions:
    """The flags as one value; raises `CommandError` for what cannot be meant."""
    if not parsed.model:
        raise CommandError(
            "Name the model's folder: python -m inference serve MODEL", exit_status=2
        )
    model = Path(parsed.model).resolve()
    options = ServeOptions(
        model=model,
        model_name=parsed.model_name or model.name,
        host=parsed.host,
        port=parsed.port,
        session_len=parsed.session_len,
        kv_bits=parsed.kv_bits,
        cache_max_entry_count=parsed.cache_max_entry_count,
        max_batch_size=parsed.max_batch_size,
        tp=parsed.tp,
        prefix_caching=not parsed.no_prefix_caching,
        api_keys=_keys(parsed.api_key_file),
        proxy_url=parsed.proxy_url.rstrip("/"),
        reasoning_parser=parsed.reasoning_parser,
        chat_template=parsed.chat_template,
        trust_remote_code=parsed.trust_remote_code,
    )
    for problem in _problems(options):
        raise CommandError(problem, exit_status=2)
    return options


def _problems(options: ServeOptions) -> list[str]:
    checks = {
        "--kv-bits is 16, 8 or 4": options.kv_bits in KV_BITS,
        "--port is a number from 1 to 65535": 0 < options.port < 65536,
        "--session-len is a number of tokens from 512": options.session_len >= 512,
        "--cache-max-entry-count is more than 0 and less than 1": 0
        < options.cache_max_entry_count
        < 1,
        "--max-batch-size is at least 1": options.max_batch_size >= 1,
        "--tp is 1, 2, 4 or 8": options.tp in {1, 2, 4, 8},
        # The server registers itself under the address it listens on.
        "with --proxy-url, --host is the address at which the proxy reaches this machine": not (
            options.proxy_url and options.host in _ANYWHERE
        ),
    }
    return [f"{rule}." for rule, kept in checks.items() if not kept]


def is_open_to_all(options: ServeOptions) -> bool:
    """Whether other machines can use the server without a key."""
    return options.host not in {"127.0.0.1", "localhost", "::1"} and not options.api_keys


def _add(
    parser: argparse.ArgumentParser,
    flag: str,
    variable: str,
    default: str,
    text: str,
    *,
    kind: type[str | int | float] = str,
) -> None:
    shown = f" (default: {default})" if default else ""
    # As text: argparse converts a default that is text, and names the flag when it cannot.
    parser.add_argument(
        flag, type=kind, default=environment(variable, default), help=f"{text}{shown} [{variable}]"
    )


def _keys(file: Path | None) -> tuple[str, ...]:
    if file is None:
        lines = environment("LMDEPLOY_API_KEY").split(",")
    else:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise CommandError(
                f"{file} cannot be read ({error.strerror}).", exit_status=2
            ) from None
    return tuple(line.strip() for line in lines if line.strip())
