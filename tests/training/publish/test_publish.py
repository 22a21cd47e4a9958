"""What goes to a hub, what never does, and that nothing goes unasked."""

from __future__ import annotations

import inspect
import json
import sys
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from huggingface_hub import HfApi

from inference.console import CommandError
from training.evaluate import gate
from training.evaluate.config import Limits
from training.evaluate.report import Against, Column, Comparison, Figure, Metric, Report
from training.hashing import contents_of
from training.pipeline.stage import STAGE_FILE, StageManifest
from training.publish import command
from training.publish.card import About
from training.publish.command import FOLDER, destination, publish
from training.publish.hubs import HuggingFace, ModelScope

if TYPE_CHECKING:
    from pathlib import Path

    from training.publish.hubs import Hub

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


def write_manifest(folder: Path, stage: str, **reads: object) -> StageManifest:
    made = StageManifest(
        stage, "key", dict(reads), {}, "2026-01-01T00:00:00+00:00", 1.0, 1,
        contents_of(folder, without={STAGE_FILE}),
    )  # fmt: skip
    made.write(folder)
    return made


def comparison(against: Against, metric: Metric, difference: float = 0.0) -> Comparison:
    other = "base" if against is Against.BEFORE else "merged"
    low, high = difference - 0.001, difference + 0.001
    return Comparison("w4a16", other, against, metric, difference, low, high, 700)


def report(worse: float = 0.0) -> Report:
    needed = (Metric.LOSS, Metric.BLOCKED, Metric.BLOCKED_IN_DANGER, Metric.ASKS_IN_DANGER)
    columns = tuple(
        Column(name, "transformers", name == "w4a16", {Metric.LOSS: Figure(2.5, 2.4, 2.6)}, {}, 9)
        for name in ("corpus", "base", "merged", "w4a16")
    )
    compared = tuple(
        comparison(against, metric, worse if metric is Metric.BLOCKED_IN_DANGER else 0.0)
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
    model = write_manifest(work / "w4a16", "quantize")
    (work / "evaluation").mkdir()
    found.write(work / "evaluation")
    write_manifest(work / "evaluation", "evaluate", models={"w4a16": model.result})
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
            "made_with": {"commit": "c" * 40, "changed": False},
        },
        "convert": {},
        "merge": {},
        "evaluate": {},
        "quantize": {
            "metrics": {"loss_increase": 0.0123},
            "reads": {"versions": {"lmdeploy": "0.18.0"}},
        },
    }
    manifest = {
        "config": "internlm2_chat_7b_qlora_mentalhealth_e3.py",
        "recipe": {"method": "QLoRA", "rank": 64},
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
    assert gate.objections(Report.read(work / "evaluation"))
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
    model = write_manifest(work / "w4a16", "quantize")
    write_manifest(work / "evaluation", "evaluate", models={"w4a16": model.result})
    with pytest.raises(CommandError, match=name):
        publish(work, "w4a16", ABOUT, Recorded(), private=True, really=True)


def test_model_that_changed_after_it_was_evaluated_stays(work: Path) -> None:
    (work / "w4a16/config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(CommandError, match="not as it was evaluated"):
        publish(work, "w4a16", ABOUT, Recorded(), private=True, really=True)
    write_manifest(work / "w4a16", "quantize")
    with pytest.raises(CommandError, match="not what was evaluated"):
        publish(work, "w4a16", ABOUT, Recorded(), private=True, really=True)


def test_model_whose_making_is_not_told_stays(work: Path) -> None:
    file = work / "manifest.json"
    manifest = json.loads(file.read_text(encoding="utf-8"))
    del manifest["stages"]["train"]
    file.write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(CommandError, match=r"no train\b.*rebuild again"):
        publish(work, "w4a16", ABOUT, Recorded(), private=True, really=False)


def test_what_was_never_finished_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="not finished"):
        publish(tmp_path, "w4a16", ABOUT, Recorded(), private=True, really=False)


@pytest.mark.parametrize("text", ["huggingface:no-owner", "elsewhere:a/b", "modelscope:a/../b"])
def test_only_a_repository_of_a_known_hub_is_a_destination(text: str) -> None:
    with pytest.raises(command.argparse.ArgumentTypeError):
        destination(text)
    assert destination("modelscope:owner/name") == ("modelscope", "owner/name")


def test_no_path_of_this_machine_leaves(work: Path) -> None:
    for name, key in (("config.json", "_name_or_path"), ("tokenizer_config.json", "name_or_path")):
        told = json.loads(MODEL[name]) | {key: "/home/me/work/merged"}
        (work / "w4a16" / name).write_text(json.dumps(told), encoding="utf-8")
    model = write_manifest(work / "w4a16", "quantize")
    write_manifest(work / "evaluation", "evaluate", models={"w4a16": model.result})
    publish(work, "w4a16", ABOUT, Recorded(), private=True, really=False)
    for name in MODEL:
        sent = (work / FOLDER / name).read_text(encoding="utf-8")
        assert "/home/me" not in sent
        if name.endswith(".json"):
            assert json.loads(sent) == json.loads(MODEL[name])
    # What was evaluated stays as it was.
    assert "/home/me" in (work / "w4a16/config.json").read_text(encoding="utf-8")


class Existing:
    """What two hubs' clients tell of a repository; remembers what they were asked to do."""

    def __init__(self, private: bool | None) -> None:
        self.private = private
        self.done: list[tuple[str, dict[str, Any]]] = []

    def hugging_face(self, monkeypatch: pytest.MonkeyPatch) -> Hub:
        answers = {
            "repo_exists": self.private is not None,
            "model_info": SimpleNamespace(private=self.private),
            "create_repo": None,
            "upload_folder": None,
        }

        def stand_in(name: str) -> Any:
            signature = inspect.signature(getattr(HfApi, name))

            def call(*arguments: Any, **named: Any) -> Any:
                self.done.append((name, signature.bind(*arguments, **named).arguments))
                return answers[name]

            return call

        for name in answers:
            monkeypatch.setattr(HfApi, name, stand_in(name))
        return HuggingFace()

    def modelscope(self, monkeypatch: pytest.MonkeyPatch) -> Hub:
        # The client is not installed everywhere: the four calls that are made, as it has them.
        existing = self

        class HubApi:
            def __init__(self, token: str | None = None) -> None: ...

            def repo_exists(self, repo_id: str, repo_type: str) -> bool:
                return existing.private is not None

            def get_repo(self, repo_id: str, repo_type: str) -> Any:
                return SimpleNamespace(private=None, visibility=1 if existing.private else 5)

            def create_repo(self, repo_id: str, repo_type: str, *, visibility: str) -> None:
                asked = {"repo_id": repo_id, "private": visibility == "private"}
                existing.done.append(("create_repo", asked))

            def upload_folder(
                self, repo_id: str, repo_type: str, folder_path: Path, *, commit_message: str
            ) -> None:
                sent = {"repo_id": repo_id, "folder_path": folder_path}
                existing.done.append(("upload_folder", sent))

        monkeypatch.setitem(sys.modules, "modelscope_hub", SimpleNamespace(HubApi=HubApi))
        return ModelScope()

    def called(self, name: str) -> list[dict[str, Any]]:
        return [arguments for done, arguments in self.done if done == name]


HUBS = pytest.mark.parametrize("hub", [Existing.hugging_face, Existing.modelscope])


@HUBS
@pytest.mark.parametrize("private", [True, False])
def test_a_new_repository_is_made_as_it_should_be_seen(
    work: Path, monkeypatch: pytest.MonkeyPatch, hub: Any, private: bool
) -> None:
    existing = Existing(None)
    address = hub(existing, monkeypatch).upload(work, "somebody/x", private=private)
    assert address.endswith("somebody/x")
    (made_with,) = existing.called("create_repo")
    assert (made_with["repo_id"], made_with["private"]) == ("somebody/x", private)
    (sent,) = existing.called("upload_folder")
    assert (sent["repo_id"], sent["folder_path"]) == ("somebody/x", work)


@HUBS
@pytest.mark.parametrize("private", [True, False])
def test_a_repository_that_is_there_is_sent_to_only_if_it_is_seen_as_was_said(
    work: Path, monkeypatch: pytest.MonkeyPatch, hub: Any, private: bool
) -> None:
    same, other = Existing(private), Existing(not private)
    hub(same, monkeypatch).upload(work, "somebody/x", private=private)
    assert same.called("upload_folder")
    assert not same.called("create_repo")
    with pytest.raises(CommandError, match="Nothing was sent"):
        hub(other, monkeypatch).upload(work, "somebody/x", private=private)
    assert not other.called("upload_folder")


def test_what_a_hub_does_not_take_is_a_sentence(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: Any, **__: Any) -> None:
        raise OSError("quota exceeded")

    hub = Existing(None).hugging_face(monkeypatch)
    monkeypatch.setattr(HfApi, "upload_folder", refuses)
    with pytest.raises(CommandError, match=r"did not take it \(OSError: quota exceeded\)"):
        hub.upload(work, "somebody/x", private=True)
