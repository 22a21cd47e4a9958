"""A model in a folder, run by transformers: 16 bits, or W4A16 with its weights unpacked.

In float16 on a GPU and float32 on a CPU. Unpacked W4A16 computes what its rounded weights say;
TurboMind's kernels add rounding of their own, which is measured at an address.
"""

from __future__ import annotations

import gc
import hashlib
import json
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch
from transformers import GenerationConfig

from inference.answer_text import spoken
from inference.chat_template import END
from inference.quantize import agreement, packed
from training.evaluate.config import EvaluateError
from training.evaluate.generation import generate
from training.evaluate.models import AnswerLoss, GeneratedAnswer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from inference.engine import Message
    from training.evaluate.config import EvalConfig
    from training.evaluate.held_out import HeldOutDialogue

_USUAL_WINDOW = 2048  # tokens, of a model that does not say
_WEIGHTS = (".safetensors", ".bin")


@contextmanager
def loaded(folder: Path, config: EvalConfig) -> Iterator[FolderModel]:
    """The model in memory. Raises EvaluateError and QuantizeError."""
    model = FolderModel(folder, config)
    try:
        yield model
    except torch.OutOfMemoryError:
        raise EvaluateError(
            f"Memory does not suffice for {folder.name}. Free some, lower --max-tokens, or take "
            "--device cpu."
        ) from None
    finally:
        model.unload()


class FolderModel:
    """A `EvalModel` around transformers."""

    tells_losses = True

    def __init__(self, folder: Path, config: EvalConfig) -> None:
        """Look at the folder; the weights are read when they are first needed."""
        self.is_quantized = "quantization_config" in _config(folder)
        self._folder = folder
        self._trust = config.trust_remote_code
        self._sampling = config.sampling
        self._device = config.device or ("cuda" if torch.cuda.is_available() else "cpu")
        bits = "float32" if self._device == "cpu" else "float16"
        unpacked = "W4A16 unpacked to " if self.is_quantized else ""
        self.made_by = f"transformers, {unpacked}{bits}, {self._device}"
        self.fingerprint = _fingerprint(folder)

    @cached_property
    def _tokenizer(self) -> Any:  # noqa: ANN401 - transformers is not typed
        with self._reported():
            return agreement.load_tokenizer(self._folder, trust_remote_code=self._trust)

    @cached_property
    def _model(self) -> Any:  # noqa: ANN401
        with self._reported():
            if not self.is_quantized:
                return agreement.load_original(
                    self._folder, device=self._device, trust_remote_code=self._trust
                )
            packed.check_config(self._folder)
            model, _ = agreement.load_dequantized(
                self._folder, device=self._device, trust_remote_code=self._trust
            )
            return model

    @cached_property
    def _ends(self) -> set[int]:
        """Tokens that end an answer: what the folder says, and the mark of the chat template.

        Some published folders name the end of a text alone, and their models talk on.
        """
        try:
            said = GenerationConfig.from_pretrained(str(self._folder)).eos_token_id
        except OSError:
            said = self._model.config.eos_token_id
        ends = {said} if isinstance(said, int) else set(said or ())
        mark = self._tokenizer.get_vocab().get(END)
        return ends if mark is None else ends | {mark}

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:
            hint = "" if self._trust else "; Python files of its own need --trust-remote-code"
            raise EvaluateError(
                f"transformers cannot load {self._folder} ({type(error).__name__}){hint}."
            ) from None

    @property
    def _window(self) -> int:
        return int(getattr(self._model.config, "max_position_embeddings", 0) or _USUAL_WINDOW)

    def loss(self, dialogue: HeldOutDialogue) -> AnswerLoss | None:
        """The loss of the corpus's answers, cut at the end of the last message that fits."""
        messages = dialogue.messages
        sample = agreement.sample_of(self._tokenizer, messages, self._window + 1)
        while len(sample.tokens) > self._window and len(messages) > 1:
            messages = messages[:-1]
            sample = agreement.sample_of(self._tokenizer, messages, self._window + 1)
        if len(sample.tokens) > self._window or not bool(sample.said.any()):
            return None
        losses = agreement.read_with(self._model, [sample], deep=0).losses
        characters = sum(len(one.content) for one in messages if one.role == "assistant")
        return AnswerLoss(float(losses.double().sum()), len(losses), characters)

    def answer(self, prompts: Sequence[Sequence[Message]], seed: int) -> list[GeneratedAnswer]:
        """Answers of one batch; the same batch and seed give the same answers on one machine.

        Where memory does not suffice for all of them at once, each half is answered by itself.
        """
        cut = [self._fitting(prompt) for prompt in prompts]
        texts = self._answered([text for text, _ in cut], seed)
        return [
            GeneratedAnswer(text, is_shortened)
            for text, (_, is_shortened) in zip(texts, cut, strict=True)
        ]

    def _answered(self, prompts: list[str], seed: int) -> list[str]:
        try:
            return self._at_once(prompts, seed)
        except torch.OutOfMemoryError:
            if len(prompts) == 1:
                raise
        # Outside of `except`, whose traceback holds on to what did not fit.
        gc.collect()
        if self._device == "cuda":
            torch.cuda.empty_cache()
        half = len(prompts) // 2
        return [*self._answered(prompts[:half], seed), *self._answered(prompts[half:], seed)]

    def _at_once(self, prompts: list[str], seed: int) -> list[str]:
        torch.manual_seed(seed)
        batch = self._tokenizer(
            prompts,
            add_special_tokens=False,
            padding=True,
            padding_side="left",
            return_tensors="pt",
        ).to(self._model.device)
        said = generate(
            self._model, batch["input_ids"], batch["attention_mask"], self._sampling, self._ends
        )
        texts = self._tokenizer.batch_decode(said, skip_special_tokens=True)
        return [spoken(text).strip() for text in texts]

    def unload(self) -> None:
        """Give the memory back, for the next model."""
        self.__dict__.pop("_model", None)
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _fitting(self, prompt: Sequence[Message]) -> tuple[str, bool]:
        """The prompt as text, and whether its oldest exchanges had to go to fit the window."""
        room = self._window - self._sampling.max_tokens
        kept = list(prompt)
        while True:
            text = self._rendered(kept)
            if len(self._tokenizer(text, add_special_tokens=False)["input_ids"]) <= room:
                return text, len(kept) < len(prompt)
            said = 1 if kept[0].role == "system" else 0
            if len(kept) <= said + 1:
                raise EvaluateError(
                    f"One message does not fit a window of {self._window} tokens beside an answer "
                    f"of {self._sampling.max_tokens}; lower --max-tokens."
                )
            del kept[said : said + 2]

    def _rendered(self, messages: Sequence[Message]) -> str:
        return str(
            self._tokenizer.apply_chat_template(
                [{"role": one.role, "content": one.content} for one in messages],
                tokenize=False,
                add_generation_prompt=True,
            )
        )


def _config(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        config = None
    if not isinstance(config, dict):
        raise EvaluateError(f"{folder} is not a model folder: no config.json that can be read.")
    return config


def _fingerprint(folder: Path) -> str:
    """Of every small file its content, of the weights their size and time: they take minutes."""
    found = hashlib.sha256()
    for file in sorted(file for file in folder.iterdir() if file.is_file()):
        stat = file.stat()
        if file.suffix in _WEIGHTS:
            found.update(f"{file.name} {stat.st_size} {stat.st_mtime_ns}".encode())
        else:
            found.update(file.name.encode() + file.read_bytes())
    return found.hexdigest()
