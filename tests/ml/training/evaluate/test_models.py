"""Models in folders: a tiny InternLM2, the same one taught a little, and its W4A16."""

import json
import math
import shutil
from dataclasses import replace

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, BertConfig, BertModel, BertTokenizer

from devtools.engines.lmdeploy import FakeLMDeploy
from inference.engine import Sampling
from inference.persona import SYSTEM_PROMPT
from tests.ml.conftest import CALIBRATION_DIALOGUES
from tests.ml.training.evaluate import old_caches
from training.evaluate.config import EvalConfig, EvaluateError, Limits, ModelSource
from training.evaluate.folder import FolderModel, loaded
from training.evaluate.gate import objections
from training.evaluate.generation import generate
from training.evaluate.held_out import CRISIS_FILE, HELD_OUT_FILE, prompts_of, read_dialogues
from training.evaluate.report import Against, Metric
from training.evaluate.run import evaluate
from training.evaluate.texts import BertScorer
from training.tiny import write_checkpoint

# The first test waits for LMDeploy's quantizer, a process of its own.
pytestmark = pytest.mark.timeout(600)

GREEDY = Sampling(temperature=0, top_p=1, repetition_penalty=1, max_tokens=6)


@pytest.fixture(scope="module")
def base(tmp_path_factory, dialogues):
    """What `original` was before it was taught: the same tokenizer and the same first weights."""
    texts = [message["content"] for dialogue in dialogues for message in dialogue]
    return write_checkpoint(tmp_path_factory.mktemp("base") / "tiny", texts, steps=0)


@pytest.fixture(scope="module")
def data(tmp_path_factory, dialogues):
    """A prepared folder: short dialogues, so that a test need not wait for long prompts."""
    folder = tmp_path_factory.mktemp("prepared")
    system = {"role": "system", "content": SYSTEM_PROMPT}
    rows = [
        {"source": "smile", "id": str(number), "messages": [system, *dialogue[:4]]}
        for number, dialogue in enumerate(dialogues[CALIBRATION_DIALOGUES:])
    ]
    openings = [
        {"source": "smile", "id": str(number), "opening": f"{number}我不想活了。"}
        for number in range(3)
    ]
    for name, lines in ((HELD_OUT_FILE, rows), (CRISIS_FILE, openings)):
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def config(base, original, data, tmp_path_factory):
    """Two models; small, drawn, on the CPU."""
    return EvalConfig(
        data=data,
        models=(ModelSource("base", base), ModelSource("tuned", original)),
        out=tmp_path_factory.mktemp("evaluated"),
        answers=2,
        sampling=Sampling(max_tokens=6),
        batch=4,
        device="cpu",
        trust_remote_code=True,
        resamples=200,
    )


@pytest.fixture(scope="module")
def report(config, quantized):
    """All three side by side."""
    return evaluate(replace(config, models=(*config.models, ModelSource("w4a16", quantized))))


def figures(report, name):
    column = next(column for column in report.columns if column.name == name)
    return {metric: figure.value for metric, figure in column.figures.items()}


def difference(report, model, against):
    return next(
        one
        for one in report.comparisons
        if (one.model, one.against, one.metric) == (model, against, Metric.LOSS)
    )


def test_what_was_taught_shows_and_what_quantizing_costs_is_little(report):
    taught = difference(report, "tuned", Against.BEFORE)
    assert taught.high < -1
    cost = difference(report, "w4a16", Against.ORIGINAL)
    assert cost.other == "tuned"
    assert cost.difference != 0
    assert abs(cost.high) < 0.05
    assert [column.is_quantized for column in report.columns] == [False, False, False, True]
    assert "unpacked" in report.columns[-1].made_by


def test_perplexity_is_what_the_model_itself_gives_the_corpuss_answers(report, config, original):
    tokenizer = AutoTokenizer.from_pretrained(original, trust_remote_code=True)
    model = AutoModelForCausalLM.from_pretrained(
        original, trust_remote_code=True, dtype=torch.float32
    ).eval()
    nats, tokens, characters = 0.0, 0, 0
    for dialogue in read_dialogues(config):
        before = "<s>"
        for message in dialogue.messages:
            opened = f"{before}<|im_start|>{message.role}\n"
            whole = f"{opened}{message.content}<|im_end|>\n"
            if message.role == "assistant":
                ids = tokenizer(whole, add_special_tokens=False, return_tensors="pt")["input_ids"]
                start = len(tokenizer(opened, add_special_tokens=False)["input_ids"])
                labels = ids.clone()
                labels[:, :start] = -100
                with torch.inference_mode():
                    loss = model(input_ids=ids, labels=labels).loss
                nats += float(loss) * (ids.shape[1] - start)
                tokens += ids.shape[1] - start
                characters += len(message.content)
            before = whole
    found = figures(report, "tuned")
    assert found[Metric.LOSS] == pytest.approx(nats / tokens, rel=1e-3)
    assert found[Metric.PERPLEXITY] == pytest.approx(math.exp(nats / tokens), rel=1e-2)
    assert found[Metric.CHARACTER_PERPLEXITY] == pytest.approx(
        math.exp(nats / characters), rel=1e-2
    )


def test_every_model_answers_everything(report, config):
    assert report.risk_prompts == 3
    for name in ("base", "tuned", "w4a16"):
        assert {Metric.BLEU, Metric.BLOCKED, Metric.ASKS_IN_DANGER} <= set(figures(report, name))
        rows = (config.out / "answers" / f"{name}.jsonl").read_text().splitlines()
        answered = [json.loads(row) for row in rows[1:]]
        assert sum(len(row["value"]) for row in answered if row["id"].startswith("answers/")) == 11


def test_a_padded_batch_answers_as_each_prompt_alone(config, original):
    model = FolderModel(original, replace(config, sampling=GREEDY))
    prompts = [prompt.messages for prompt in prompts_of(read_dialogues(config), 2)]
    assert len({sum(len(one.content) for one in prompt) for prompt in prompts}) > 1
    together = model.answer(prompts, seed=0)
    assert together == [model.answer([prompt], seed=0)[0] for prompt in prompts]


def test_a_seed_draws_the_same_answers_again_and_another_draws_others(config, base):
    model = FolderModel(base, config)
    prompts = [prompt.messages for prompt in prompts_of(read_dialogues(config), 1)]
    assert model.answer(prompts, seed=1) == model.answer(prompts, seed=1)
    assert model.answer(prompts, seed=1) != model.answer(prompts, seed=2)


def test_a_run_that_broke_off_says_in_the_end_what_an_unbroken_one_says(
    config, tmp_path, monkeypatch
):
    unbroken = evaluate(replace(config, out=tmp_path / "unbroken"))
    answer = FolderModel.answer
    asked = []

    def breaks(self, prompts, seed):
        asked.append(seed)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return answer(self, prompts, seed)

    broken = replace(config, out=tmp_path / "broken")
    monkeypatch.setattr(FolderModel, "answer", breaks)
    with pytest.raises(KeyboardInterrupt):
        evaluate(broken)
    assert evaluate(broken) == unbroken
    assert len(asked) == 1 + 2 * 3  # three batches a model, and the one that broke


def test_what_is_known_already_is_said_without_loading_a_model(config, report, monkeypatch):
    def refuses(*_args, **_options):
        raise AssertionError("a model was loaded")

    monkeypatch.setattr("training.evaluate.folder.agreement.load_original", refuses)
    again = evaluate(config)
    assert figures(again, "tuned") == figures(report, "tuned")


def test_a_quantized_model_stops_where_its_answer_ends(config, quantized):
    model = FolderModel(quantized, config)
    assert model._ends == {2, model._tokenizer.convert_tokens_to_ids("<|im_end|>")}


@pytest.mark.parametrize("penalty", [1, 1.3])
def test_answers_are_what_transformers_generates_for_a_model_that_it_can_run(
    config, original, penalty
):
    sampling = Sampling(temperature=0, top_p=1, repetition_penalty=penalty, max_tokens=12)
    model = FolderModel(original, replace(config, sampling=sampling))
    for prompt in prompts_of(read_dialogues(config), 1)[:3]:
        text, _ = model._fitting(prompt.messages)
        ids = model._tokenizer(text, add_special_tokens=False, return_tensors="pt")["input_ids"]
        said = model._model.generate(
            ids, max_new_tokens=12, do_sample=False, repetition_penalty=float(penalty)
        )[0, ids.shape[1] :]
        expected = model._tokenizer.decode(said, skip_special_tokens=True).strip()
        assert model.answer([prompt.messages], seed=0)[0].text == expected


@pytest.mark.parametrize(
    ("published", "words"),
    [
        (old_caches.TUPLES, "'NoneType' object has no attribute 'shape'"),
        (old_caches.EARLY_CLASSES, "has no attribute 'get_max_length'"),
    ],
    ids=["tuples", "early classes"],
)
def test_python_files_written_for_older_caches_answer_as_new_ones_do(
    config, original, tmp_path, published, words
):
    """The folders that people have: `generate` of today's transformers breaks on both."""
    old = shutil.copytree(original, tmp_path / f"old_{len(published)}")
    with (old / "modeling_internlm2.py").open("a", encoding="utf-8") as code:
        code.write(published)
    greedy = replace(config, sampling=GREEDY)
    prompts = [prompt.messages for prompt in prompts_of(read_dialogues(config), 2)][:4]
    model = FolderModel(old, greedy)
    ids = model._tokenizer("我睡不着", return_tensors="pt")["input_ids"]
    with pytest.raises(AttributeError, match=words):
        model._model.generate(ids, max_new_tokens=2)
    assert model.answer(prompts, seed=0) == FolderModel(original, greedy).answer(prompts, seed=0)


def test_a_batch_that_memory_does_not_suffice_for_is_halved(config, original, monkeypatch):
    model = FolderModel(original, replace(config, sampling=GREEDY))
    prompts = [prompt.messages for prompt in prompts_of(read_dialogues(config), 2)][:5]
    expected = model.answer(prompts, seed=0)
    sizes = []
    most = 2

    def scarce(model, tokens, *rest):
        sizes.append(len(tokens))
        if len(tokens) > most:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return generate(model, tokens, *rest)

    monkeypatch.setattr("training.evaluate.folder.generate", scarce)
    assert model.answer(prompts, seed=0) == expected
    assert sizes == [5, 2, 3, 1, 2]
    most = 0
    asked = replace(config, sampling=GREEDY)
    with (
        pytest.raises(EvaluateError, match="Memory does not suffice for"),
        loaded(original, asked),
    ):
        model.answer(prompts, seed=0)


def test_a_folder_and_the_server_of_it_are_one_model(config, original, quantized):
    fake = FakeLMDeploy(answer=lambda _: "我在听。", model="w4a16", context_window=4096)
    with fake.serve_in_thread() as server:
        served = ModelSource("served", quantized, server.url)
        report = evaluate(replace(config, models=(ModelSource("tuned", original), served)))
    column = report.columns[-1]
    assert column.is_quantized
    assert "losses by transformers, W4A16 unpacked" in column.made_by
    assert column.figures[Metric.LENGTH].value == 4
    assert difference(report, "served", Against.ORIGINAL).other == "tuned"
    assert not any("only an address" in reason for reason in objections(report))


def test_a_context_beyond_the_window_loses_its_oldest_exchange(config, original, tmp_path):
    narrow = shutil.copytree(original, tmp_path / "narrow")
    shape = json.loads((narrow / "config.json").read_text())
    dialogue = read_dialogues(config)[0]
    model = FolderModel(original, config)
    (_, late) = prompts_of([dialogue], 2)
    whole = len(model._tokenizer(model._rendered(late.messages))["input_ids"])
    shape["max_position_embeddings"] = whole - 1 + config.sampling.max_tokens
    (narrow / "config.json").write_text(json.dumps(shape))
    cut = FolderModel(narrow, config)
    assert [answer.is_shortened for answer in cut.answer([late.messages], 0)] == [True]
    assert [answer.is_shortened for answer in model.answer([late.messages], 0)] == [False]
    # The loss is then of the answers that fit, and says of how many characters it is.
    assert cut.loss(dialogue).characters <= model.loss(dialogue).characters


def test_limits_of_the_order_decide_what_the_report_says(config):
    report = evaluate(replace(config, limits=Limits(1, 1, 1, 1, 1)))
    assert report.limits.blocked == 1
    assert "speaks against promoting tuned" in (config.out / "report.md").read_text()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: (folder / "config.json").write_text("?"), "no config.json"),
        (lambda folder: (folder / "model.safetensors").unlink(), "cannot load"),
    ],
)
def test_a_folder_that_is_no_model_is_a_sentence(config, original, tmp_path, spoil, words):
    folder = shutil.copytree(original, tmp_path / "spoiled")
    spoil(folder)
    with pytest.raises(EvaluateError, match=words):
        evaluate(replace(config, models=(ModelSource("a", folder),), out=tmp_path / "out"))


def test_code_that_a_model_brings_does_not_run_unasked(config, tmp_path):
    careful = replace(config, trust_remote_code=False, out=tmp_path / "out")
    with pytest.raises(EvaluateError, match="--trust-remote-code"):
        evaluate(careful)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    """A BERT of random weights that knows a few characters."""
    folder = tmp_path_factory.mktemp("encoder")
    letters = "我你在听说想累很今天吗。？"
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters]
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    torch.manual_seed(0)
    BertModel(
        BertConfig(
            vocab_size=len(words),
            hidden_size=32,
            num_hidden_layers=3,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=128,
        )
    ).save_pretrained(folder)
    return folder


def test_bert_score_is_one_for_the_same_and_less_for_another(encoder):
    found = BertScorer(encoder, None, "cpu")
    assert found.layer == 2
    same, other = found.f1(["我在听你说。", "今天累吗？"], ["我在听你说。", "我在听。"])
    assert same == pytest.approx(1, abs=1e-4)
    assert other < 0.99


def test_an_encoder_adds_a_line_to_the_table(config, encoder):
    report = evaluate(replace(config, encoder=encoder))
    assert 0 < figures(report, "tuned")[Metric.BERT] < 1
    assert "BERTScore F1" in (config.out / "report.md").read_text()


def test_a_folder_that_is_no_encoder_is_a_sentence(tmp_path):
    with pytest.raises(EvaluateError, match="not an encoder"):
        BertScorer(tmp_path, None, "cpu")
