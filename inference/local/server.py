"""The process that holds the model: llama.cpp's HTTP server on a loopback port.

Started by `inference.local.process`; not for use by hand. It reads one JSON line
(`LocalServerConfig`) from standard input, answers with one JSON line (`Report`) on standard
output and serves until its standard input is closed, which happens when its parent ends.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from inference.local.adapters import AdapterUnusableError, check_adapter
from inference.local.gguf_header import ModelHeader, NotGGUFError, read_header
from inference.local.limits import available_memory, memory_limit
from inference.local.sizing import context_that_fits, decode_threads, prompt_threads

if TYPE_CHECKING:
    from collections.abc import Iterator

    import xllamacpp

_NICENESS = 5  # the bot, which shares the cores, answers buttons while the model is thinking
_LOAD_ERROR = re.compile(r"error loading model: (.{1,200})")


@dataclass(frozen=True, slots=True)
class LocalServerConfig:
    """What the parent asks for."""

    model_path: str
    slots: int
    """Generations at once, each with a context window of its own."""
    max_context: int
    """Tokens a context window may have at most, for the sake of memory."""
    threads: int
    """0 takes what suits the model and the cores this process may use."""
    api_key: str
    adapter_path: str = ""
    """A LoRA adapter (GGUF); empty for none."""
    adapter_bases: dict[str, str] = field(default_factory=dict)
    """The SHA-256 of its base by an adapter's, as far as they are known."""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of it: either an address and a model, or `error`."""

    address: str = ""
    """http://127.0.0.1:port"""
    name: str = ""
    context_window: int = 0
    parameters: int = 0
    is_trial: bool = False
    """Whether the model says that it was made as the packaged one was."""
    error: str = ""
    """One sentence: what is wrong with which file, and what to do."""


class ModelUnusableError(Exception):
    """The model cannot be served; the message is the sentence for the operator."""


def main() -> None:
    """Serve one model."""
    config = LocalServerConfig(**json.loads(sys.stdin.readline()))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.nice(_NICENESS)
    try:
        header = _checked_header(Path(config.model_path), memory_limit())
        if config.adapter_path:
            _check_adapter(config)
        context_window = context_that_fits(
            header,
            Path(config.model_path).stat().st_size,
            slots=config.slots,
            max_context=config.max_context,
            memory=available_memory(),
        )
        server = _load(config, context_window)
    except ModelUnusableError as error:
        _tell(Report(error=str(error)))
        return
    _tell(
        Report(
            address=server.listening_address,
            name=header.name or Path(config.model_path).stem,
            context_window=context_window,
            parameters=header.parameters,
            is_trial=header.is_trial,
        )
    )
    threading.Event().wait()


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os._exit(0)  # llama.cpp's threads would hold a polite exit up until their answers end


def _tell(report: Report) -> None:
    print(json.dumps(asdict(report)), flush=True)


def _checked_header(path: Path, memory: int) -> ModelHeader:
    """The model's header, or `ModelUnusableError` for everything that can be told beforehand.

    `memory` is this machine's, in bytes.
    """
    advice = "set LOCAL_MODEL to a GGUF chat model, or leave it empty for the packaged one"
    try:
        header = read_header(path)
        size = path.stat().st_size
    except FileNotFoundError:
        raise ModelUnusableError(f"There is no model file at {path}: {advice}.") from None
    except OSError as error:
        raise ModelUnusableError(
            f"The model file {path} cannot be read ({error.strerror}): {advice}."
        ) from None
    except NotGGUFError as error:
        raise ModelUnusableError(
            f"{path} is not a usable GGUF model ({error}): download it again, or {advice}."
        ) from None
    if size > memory:
        raise ModelUnusableError(
            f"The model {path} has {size / 2**30:.1f} GiB and this machine {memory / 2**30:.1f} "
            "GiB of memory: set LOCAL_MODEL to a smaller or more strongly quantized GGUF model."
        )
    if not header.has_chat_template:
        raise ModelUnusableError(
            f"The model {path} has no chat template, so it is not a chat model: {advice}."
        )
    return header


def _check_adapter(config: LocalServerConfig) -> None:
    advice = "set LOCAL_ADAPTER to a LoRA adapter of this model in GGUF, or leave it empty"
    try:
        check_adapter(Path(config.adapter_path), Path(config.model_path), config.adapter_bases)
    except (OSError, AdapterUnusableError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ModelUnusableError(
            f"The adapter {config.adapter_path} cannot be used ({reason}): {advice}."
        ) from None


def _load(config: LocalServerConfig, context_window: int) -> xllamacpp.Server:
    try:
        import xllamacpp  # noqa: PLC0415 - an extra; its absence is an answer, not a crash
    except ModuleNotFoundError:
        raise ModelUnusableError(
            "The local engine needs the package xllamacpp: install the extra `local` "
            "(pip install 'shudong[local]'), or set LMDEPLOY_URLS or OPENAI_URLS."
        ) from None
    except ImportError as error:
        # The loader names the library that the system lacks, and no word of a person.
        raise ModelUnusableError(
            f"The local engine's package xllamacpp cannot be loaded ({error}): install that system "
            "library (on Debian and Ubuntu: apt install libgomp1)."
        ) from None
    params = xllamacpp.CommonParams()
    params.model.path = config.model_path
    params.n_parallel = config.slots
    params.n_ctx = config.slots * context_window
    params.ctx_shift = False
    params.fit_params = False
    size = Path(config.model_path).stat().st_size
    params.cpuparams.n_threads = config.threads or decode_threads(size)
    params.cpuparams_batch.n_threads = config.threads or prompt_threads(size)
    # A thread that waits by spinning takes the core that another process would have finished on.
    params.cpuparams.poll = params.cpuparams_batch.poll = 0
    if config.adapter_path:
        params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(config.adapter_path, 1.0)]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [config.api_key]
    params.ui = False
    params.endpoint_slots = False  # it shows prompts
    params.endpoint_metrics = True
    params.cache_ram_mib = 0
    params.verbosity = 1  # errors: what comes above shows prompts
    with _stderr_in_a_file() as log:
        try:
            return xllamacpp.Server(params)
        except RuntimeError:
            log.seek(0)
            reason = _LOAD_ERROR.search(log.read().decode(errors="replace"))
    raise ModelUnusableError(
        f"llama.cpp cannot load {config.model_path} "
        f"({reason[1] if reason else 'it gives no reason'}): "
        "download it again, or set LOCAL_MODEL to another GGUF chat model."
    )


@contextmanager
def _stderr_in_a_file() -> Iterator[BinaryIO]:
    """Collect what llama.cpp says while it loads; nothing of a chat exists yet."""
    kept = os.dup(2)
    with tempfile.TemporaryFile() as log:
        os.dup2(log.fileno(), 2)
        try:
            yield log
        finally:
            os.dup2(kept, 2)
            os.close(kept)


if __name__ == "__main__":
    main()
