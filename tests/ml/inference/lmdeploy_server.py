"""LMDeploy's own api_server with everything real but the GPU engine.

    python -m tests.ml.inference.lmdeploy_server FOLDER PORT

FOLDER holds a tokenizer and a config (`write_model`). The HTTP layer, the chat template, the
tokenizer, the checks and the sessions are LMDeploy's; only TurboMind is replaced by a loop that
says 听 until it has said enough. `GET /running` tells how many generations are in it.
"""

from __future__ import annotations

import asyncio
import json
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from lmdeploy.messages import EngineOutput, ResponseType, TurbomindEngineConfig
from lmdeploy.serve.core import AsyncEngine
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

WORD = "听"
WINDOW = 32_768
MODEL_NAME = "shudong-7b"
_TOKEN_DELAY = 0.002  # seconds
_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def write_model(folder: Path) -> Path:
    """Write all that LMDeploy reads of a model before its weights."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<|im_start|>", "<|im_end|>"],
    )
    tokenizer.train_from_iterator([f"{WORD} 好 你"] * 100, trainer)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", chat_template=_TEMPLATE
    ).save_pretrained(folder)
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "max_position_embeddings": WINDOW,
        "vocab_size": tokenizer.get_vocab_size(),
        "hidden_size": 64,
        "num_hidden_layers": 1,
        "num_attention_heads": 1,
        "intermediate_size": 64,
    }
    (folder / "config.json").write_text(json.dumps(config))
    return folder


class Instance:
    """What TurboMind makes of one generation."""

    running = 0

    def __init__(self, token: int) -> None:
        self._token = token
        self._cancelled = asyncio.Event()

    async def async_stream_infer(
        self, session_id: int, *, input_ids: list[int], gen_config: Any, **_: object
    ) -> AsyncIterator[EngineOutput]:
        room = min(gen_config.max_new_tokens, WINDOW - len(input_ids))
        Instance.running += 1
        self._cancelled.clear()
        try:
            for number in range(room):
                await asyncio.sleep(_TOKEN_DELAY)
                if self._cancelled.is_set():
                    yield EngineOutput(ResponseType.CANCEL, [])
                    return
                last = number == room - 1
                yield EngineOutput(
                    ResponseType.FINISH if last else ResponseType.SUCCESS, [self._token]
                )
        finally:
            Instance.running -= 1

    async def async_cancel(self, session_id: int) -> None:
        self._cancelled.set()


class TurboMind:
    """As much of TurboMind as AsyncEngine asks for."""

    def __init__(self, config: TurbomindEngineConfig, token: int) -> None:
        self.engine_config = config
        self._token = token

    def create_instance(self) -> Instance:
        return Instance(self._token)

    async def get_health_status(self) -> dict[str, object]:
        return {"alive": True, "message": "", "schedule_metrics": None}

    def close(self) -> None:
        pass


class Engine(AsyncEngine):
    def _build_turbomind(self, backend_config: TurbomindEngineConfig, **_: object) -> TurboMind:
        (token,) = self.tokenizer.encode(WORD, add_bos=False)
        return TurboMind(backend_config, token)


def main(folder: str, port: int) -> None:
    server = import_module("lmdeploy.serve.openai.api_server")
    create_router = server.create_openai_router

    def create_router_with_counter(context: object) -> Any:
        router = create_router(context)
        router.add_api_route("/running", lambda: Instance.running)
        return router

    server.create_openai_router = create_router_with_counter
    server.get_task = lambda *_, **__: ("llm", Engine)
    server.serve(
        folder,
        model_name=MODEL_NAME,
        backend_config=TurbomindEngineConfig(
            session_len=WINDOW, max_batch_size=8, enable_metrics=False
        ),
        server_name="127.0.0.1",
        server_port=port,
        generation_config="lmdeploy",
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
