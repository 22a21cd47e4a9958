"""What the packaged model is in llama.cpp equals what it is in PyTorch."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import gguf
import pytest
import torch

from inference.local import PACKAGED_MODEL
from training.corpora.dialogue import Dialogue, Role, Turn
from training.small.export import read_model, write_gguf
from training.small.sequences import DialogueEncoder
from training.small.tokenizer import COUNSELOR_START_ID, TURN_END_ID, read_tokenizer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tokenizers import Tokenizer

    from tests.ml.conftest import LlamaCpp

SENTENCES = Path(__file__).with_name("sentences.txt").read_text(encoding="utf-8").split("\n")
PIECES = [
    *"你我他的是，。！？ \n\r\t a'sSdB19é\u0301\u200d\u3000½①々、“”…—٣한の\ufe0f",
    "😀",
    "<|im_",
]

CHAT = [
    {"role": "user", "content": " 最近总是睡不着，怎么办？\n"},
    {"role": "assistant", "content": "听起来你很累。是什么让你睡不着呢？"},
    {"role": "user", "content": "明天要考试😭"},
]
DIALOGUE = Dialogue(
    "test",
    "1",
    (
        Turn(Role.CLIENT, "最近总是睡不着，怎么办？"),
        Turn(Role.COUNSELOR, "听起来你很累。是什么让你睡不着呢？"),
        Turn(Role.CLIENT, "明天要考试😭"),
        Turn(Role.COUNSELOR, "嗯。"),
    ),
)
PROMPTS = ["你好", "我和室友关系不好，想搬出去", "我最近压力很大，睡不着", "Can you help me?", "嗯"]


@pytest.fixture(scope="module")
def served(llama_cpp: Callable[[Path], LlamaCpp]) -> LlamaCpp:
    return llama_cpp(PACKAGED_MODEL)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return read_tokenizer(PACKAGED_MODEL)


@pytest.mark.parametrize("sentence", [*SENTENCES, "\r\n\r\n a\r", "   \n  x", " \n", "\t"])
def test_sentence_is_cut_alike(served: LlamaCpp, tokenizer: Tokenizer, sentence: str) -> None:
    assert served.tokens(sentence) == tokenizer.encode(sentence).ids
    assert tokenizer.decode(tokenizer.encode(sentence).ids, skip_special_tokens=False) == sentence


def test_random_characters_are_cut_alike(served: LlamaCpp, tokenizer: Tokenizer) -> None:
    random = Random(1)
    for _ in range(400):
        text = "".join(random.choices(PIECES, k=random.randint(1, 30)))
        assert served.tokens(text) == tokenizer.encode(text).ids, ascii(text)


def test_chat_is_served_as_it_was_trained(served: LlamaCpp, tokenizer: Tokenizer) -> None:
    (window,) = DialogueEncoder(tokenizer, 512).windows(DIALOGUE)
    answer = tokenizer.encode("嗯。").ids

    prompt = served.tokens(served.rendered(CHAT))

    assert [*prompt, *answer, TURN_END_ID] == list(window.tokens)
    assert prompt[-1] == COUNSELOR_START_ID


def test_system_message_is_not_shown_to_the_model(served: LlamaCpp) -> None:
    assert served.rendered([{"role": "system", "content": "你是树洞"}, *CHAT]) == served.rendered(
        CHAT
    )


def test_turn_end_ends_the_answer_and_stays_out_of_it(served: LlamaCpp) -> None:
    greeting = [{"role": "user", "content": "你好"}]

    choice = served.chat(greeting, max_tokens=160, temperature=0.0)["choices"][0]

    assert choice["finish_reason"] == "stop"
    assert choice["message"]["content"]
    assert "<|" not in choice["message"]["content"]


@pytest.mark.parametrize(
    ("kind", "tolerance"),
    [
        (gguf.GGMLQuantizationType.F32, 0.005),  # the rest: llama.cpp keeps keys and values as fp16
        (gguf.GGMLQuantizationType.Q8_0, 0.15),  # llama.cpp rounds activations to 8 bits as well
    ],
    ids=["fp32", "q8_0"],
)
def test_next_token_is_as_probable_as_in_pytorch(
    llama_cpp: Callable[[Path], LlamaCpp],
    tokenizer: Tokenizer,
    tmp_path: Path,
    kind: gguf.GGMLQuantizationType,
    tolerance: float,
) -> None:
    model = read_model(PACKAGED_MODEL)
    write_gguf(model, tokenizer, tmp_path / "model.gguf", "test", kind)
    served = llama_cpp(tmp_path / "model.gguf")
    for opening in PROMPTS:
        history = [*CHAT[:2], {"role": "user", "content": opening}]
        tokens = served.tokens(served.rendered(history))
        with torch.inference_mode():
            expected = model(torch.tensor([tokens]))[0, -1].log_softmax(-1)

        probable = served.log_probabilities(tokens, top=100)

        assert len(probable) == 100
        for token, log_probability in probable.items():
            assert log_probability == pytest.approx(float(expected[token]), abs=tolerance)


def test_quantized_again_the_packaged_file_keeps_its_weights(
    tokenizer: Tokenizer, tmp_path: Path
) -> None:
    model = read_model(PACKAGED_MODEL)
    write_gguf(model, tokenizer, tmp_path / "again.gguf", "test")

    again = read_model(tmp_path / "again.gguf")

    for name, parameter in model.named_parameters():
        torch.testing.assert_close(again.get_parameter(name), parameter, atol=1e-3, rtol=1e-2)
    assert read_tokenizer(tmp_path / "again.gguf").to_str() == tokenizer.to_str()
