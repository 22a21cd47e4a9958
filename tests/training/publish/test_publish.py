"""What goes to a hub, what never does, and that nothing goes unasked."""

from __future__ import annotations

import inspect
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from huggingface_hub import HfApi

from inference.console import CommandError
from training.evaluate import gate
from training.evaluate.report import Against, Column, Comparison, Figure, Limits, Metric, Report
from training.publish import command
from training.publish.card import About
from training.publish.command import FOLDER, destination, publish
from training.publish.hubs import HuggingFace
from training.stages.contents import contents_of
from training.stages.stage import RECEIPT, Receipt

if TYPE_CHECKING:
    from pathlib import Path

ABOUT = About("somebody/shudong-7b-w4a16", "internlm/internlm2-chat-7b", "other", True)
MODEL = {
    "config.json": '{"architectures": ["InternLM2ForCausalLM"]}',
    "generation_config.json": '{"eos_token_id": [2, 92542]}',
    "model.safetensors": "x" * 1000,
    "modeling_internlm2.py": "class InternLM2: ...",
    "quantization.json": "{}",
    "shudong.json": '{"persona": "abc"}',
    "tokenizer.json": '{"model": {"vocab": {"messages": 7}, "merges": [["a", "b"]]}}',
    "tokenizer_config.json": '{"chat_template": "{% for m in messages %}{{ m }}{% endfor %}"}',
}


@dataclass
class Recorded:
    """A hub that remembers what it was given."""

    title: str = "A hub"
    got: list[tuple[str, bool, list[str]]] = field(default_factory=list)

    def upload(self, folder: Path, repository: str, *, private: bool) -> str:
        self.got.append((repository, private, sorted(file.name for file in folder.iterdir())))
        return f"https://hub/{repository}"


def receipt(folder: Path, stage: str, **reads: object) -> Receipt:
    made = Receipt(
        stage, "key", dict(reads), {}, "2026-01-01T00:00:00+00:00", 1.0, 1,
        contents_of(folder, without={RECEIPT}),
    )  # fmt: skip
    made.write(folder)
    return made


def comparison(against: Against, metric: Metric, difference: float = 0.0) -> Comparison:
    other = "base" if against is Against.BEFORE else "merged"
    low, high = difference - 0.001, difference + 0.001
    return Comparison("w4a16", other, against, metric, difference, low, high, 700)


def report(worse: float = 0.0) -> Report:
    needed = (Metric.LOSS, Metric.WITHHELD, Metric.WITHHELD_IN_DANGER, Metric.ASKS_IN_DANGER)
    columns = tuple(
        Column(name, "transformers", name == "w4a16", {Metric.LOSS: Figure(2.5, 2.4, 2.6)}, {}, 9)
        for name in ("corpus", "base", "merged", "w4a16")
    )
    compared = tuple(
        comparison(against, metric, worse if metric is Metric.WITHHELD_IN_DANGER else 0.0)
        for against in Against
        for metric in needed
    )
    return Report(columns, compared, 700, 2100, 400, 7, "a" * 64, {"torch": "2"}, limits=Limits())


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A rebuild that ended well."""
    return made(tmp_path, report())


def made(work: Path, found: Report) -> Path:
    (work / "w4a16").mkdir()
    for name, text in MODEL.items():
        (work / "w4a16" / name).write_text(text, encoding="utf-8")
    model = receipt(work / "w4a16", "quantize")
    (work / "evaluation").mkdir()
    found.write(work / "evaluation")
    receipt(work / "evaluation", "evaluate", models={"w4a16": model.result})
    stages: dict[str, Any] = {
        "prepare": {
            "metrics": {
                "corpora": {"smile": {"licence": "CC0 1.0", "sha256": "b" * 64}},
                "dialogues": {"smile": {"train": 46432, "held-out": 743}},
            }
        },
        "train": {
            "metrics": {"steps": 900, "loss_at_first": 2.9, "loss_at_last": 2.1},
            "reads": {"versions": {"xtuner": "0.2.0"}},
        },
        "quantize": {
            "metrics": {"loss_increase": 0.0123},
            "reads": {"versions": {"lmdeploy": "0.18.0"}},
        },
    }
    manifest = {
        "config": "internlm2_chat_7b_qlora_mentalhealth_e3.py",
        "recipe": {"method": "QLoRA", "rank": 64},
        "code": {"commit": "c" * 40, "changed": False},
        "stages": stages,
    }
    (work / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return work


def test_dry_run_shows_every_file_and_sends_nothing(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub = Recorded()
    publish(work, "w4a16", ABOUT, hub, private=True, really=False)
    said = capsys.readouterr().out
    assert hub.got == []
    for name in (*MODEL, "README.md"):
        size = (work / FOLDER / name).stat().st_size
        assert f"{size:,}  {name}\n" in said
    assert "somebody/shudong-7b-w4a16 (private)" in said
    assert "Nothing was sent" in said


def test_really_sends_what_the_dry_run_showed(work: Path) -> None:
    hub = Recorded()
    publish(work, "w4a16", ABOUT, hub, private=False, really=True)
    assert hub.got == [(ABOUT.repository, False, sorted([*MODEL, "README.md"]))]


def test_card_names_data_recipe_figures_and_what_it_is_not(work: Path) -> None:
    publish(work, "w4a16", ABOUT, Recorded(), private=True, really=False)
    card = (work / FOLDER / "README.md").read_text(encoding="utf-8")
    front = card.split("---")[1]
    assert 'license: "other"' in front
    assert 'base_model: "internlm/internlm2-chat-7b"' in front
    for told in (
        *("SmileChat", "CC0 1.0", "46,432", "QLoRA", "2.9 → 2.1", "0.0123", "c" * 40),
        *("2.5 (2.4–2.6)", "不是咨询师", "700 held-out dialogues"),
    ):
        assert told in card
    assert str(work) not in card


def test_model_that_was_not_promoted_stays(tmp_path: Path) -> None:
    work = made(tmp_path, report(worse=0.2))
    assert gate.promote(Report.read(work / "evaluation"))
    with pytest.raises(CommandError, match="Not promoted"):
        publish(work, "w4a16", ABOUT, Recorded(), private=True, really=True)
    assert not (work / FOLDER).exists()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("train.json", "[]"),
        ("notes.txt", "我昨天"),
        ("held-out.jsonl", "{}"),
        ("added_tokens.json", '[{"conversation": [{"input": "我昨天"}]}]'),
        ("vocab.json", '{"rows": [{"messages": [{"role": "user"}]}]}'),
        ("pytorch_model.bin", ""),
    ],
)
def test_folder_with_training_text_or_anything_unknown_stays(
    work: Path, name: str, text: str
) -> None:
    (work / "w4a16" / name).write_text(text, encoding="utf-8")
    model = receipt(work / "w4a16", "quantize")
    receipt(work / "evaluation", "evaluate", models={"w4a16": model.result})
    with pytest.raises(CommandError, match=name):
        publish(work, "w4a16", ABOUT, Recorded(), private=True, really=True)


def test_model_that_changed_after_it_was_evaluated_stays(work: Path) -> None:
    (work / "w4a16/config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(CommandError, match="not as it was evaluated"):
        publish(work, "w4a16", ABOUT, Recorded(), private=True, really=True)
    receipt(work / "w4a16", "quantize")
    with pytest.raises(CommandError, match="not what was evaluated"):
        publish(work, "w4a16", ABOUT, Recorded(), private=True, really=True)


def test_what_was_never_finished_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="not finished"):
        publish(tmp_path, "w4a16", ABOUT, Recorded(), private=True, really=False)


@pytest.mark.parametrize("text", ["huggingface:no-owner", "elsewhere:a/b", "modelscope:a/../b"])
def test_only_a_repository_of_a_known_hub_is_a_destination(text: str) -> None:
    with pytest.raises(command.argparse.ArgumentTypeError):
        destination(text)
    assert destination("modelscope:owner/name") == ("modelscope", "owner/name")


def test_the_hubs_own_client_is_called_as_it_wants_to_be(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[tuple[str, dict[str, Any]]] = []

    def stand_in(name: str) -> Any:
        signature = inspect.signature(getattr(HfApi, name))

        def call(*arguments: Any, **named: Any) -> str:
            called.append((name, signature.bind(*arguments, **named).arguments))
            return "https://huggingface.co/somebody/x"

        return call

    for name in ("create_repo", "upload_folder"):
        monkeypatch.setattr(HfApi, name, stand_in(name))
    address = HuggingFace().upload(work, "somebody/x", private=True)
    assert address == "https://huggingface.co/somebody/x"
    (created, made_with), (uploaded, sent) = called
    assert (created, uploaded) == ("create_repo", "upload_folder")
    assert made_with["private"] is True
    assert (sent["repo_id"], sent["folder_path"]) == ("somebody/x", work)
