"""What a run puts in the place of what a config says."""

from __future__ import annotations

from argparse import ArgumentParser
from contextlib import nullcontext
from pathlib import Path

import pytest

from inference.console import CommandError
from training.pipeline import rebuild
from training.pipeline.steps import train as stages
from training.pipeline.steps.train import for_people, load_of
from training.xtuner import Launch, Recipe, XTunerError, last_checkpoint, tools, train

CONFIGS = Path(__file__).parents[4] / "training" / "configs"
QLORA = CONFIGS / "internlm2_chat_7b_qlora_mentalhealth_e3.py"
DPO = CONFIGS / "internlm2_chat_7b_dpo_qlora_mentalhealth_e1.py"


def test_a_base_model_is_put_everywhere_the_config_names_it(tmp_path):
    overrides = Recipe(QLORA, base=tmp_path).overrides()

    assert {override.partition("=")[0] for override in overrides} == {
        "pretrained_model_name_or_path",
        "tokenizer.pretrained_model_name_or_path",
        "model.llm.pretrained_model_name_or_path",
        "train_dataloader.dataset.tokenizer.pretrained_model_name_or_path",
    }
    assert {override.partition("=")[2] for override in overrides} == {str(tmp_path)}


def test_each_config_reads_its_own_file_of_the_prepared_folder(tmp_path):
    assert Recipe(QLORA, prepared=tmp_path).data_file() == tmp_path / "train.json"
    assert Recipe(DPO, prepared=tmp_path).data_file() == tmp_path / "dpo.jsonl"


def test_a_config_by_itself_is_left_as_it_is():
    recipe = Recipe(QLORA)

    assert recipe.overrides() == []
    assert recipe.base_model() == "internlm/internlm2-chat-7b"
    assert recipe.data_file() == Path("data/prepared/train.json")


def test_options_of_a_run_count_as_if_the_config_said_them():
    options = (
        *("train_dataloader.batch_size=4", "optim_wrapper.accumulative_counts=2"),
        *("train_dataloader.dataset.max_length=1024", "model.lora.r=8"),
        *("optim_wrapper.optimizer.lr=1e-5", "train_cfg.max_epochs=7"),
    )
    launch = Launch(processes=2)
    load = load_of(recipe := Recipe(QLORA, options=options), launch)
    said = for_people(recipe, load, launch)

    assert (load.batch, load.length, load.rank) == (4, 1024, 8)
    assert (said["epochs"], said["learning rate"], said["rank"]) == (7, 1e-5, 8)
    assert (said["sequences a step"], said["steps an update"]) == (8, 2)
    assert said["tokens a sequence"] == 1024


def test_both_answers_of_a_pair_are_on_the_card():
    assert load_of(Recipe(DPO), Launch()).batch == 2


def test_rebuild_sends_every_machine_but_the_first_to_train(monkeypatch):
    parser = ArgumentParser()
    rebuild.add_arguments(parser)
    monkeypatch.setenv("NNODES", "2")
    monkeypatch.setenv("NODE_RANK", "1")
    monkeypatch.setenv("ADDR", "10.0.0.1")

    with pytest.raises(CommandError, match="python -m training train"):
        rebuild.run(parser.parse_args(["--config", str(QLORA), "--smile", "smile.jsonl"]))


def test_without_options_the_config_alone_counts():
    load = load_of(recipe := Recipe(QLORA), Launch())

    assert (load.batch, load.length, load.rank) == (1, 2048, 64)
    assert for_people(recipe, load, Launch())["steps an update"] == 16


@pytest.mark.parametrize("option", ["batch_size", "tokenizer.type.x.y=1"])
def test_an_option_that_does_not_fit_is_a_sentence(option):
    with pytest.raises(XTunerError, match="does not fit"):
        Recipe(QLORA, options=(option,)).read()


def test_the_recipe_of_the_first_model_is_kept():
    said = Recipe(QLORA).read()
    lora, quantization = said["model"]["lora"], said["model"]["llm"]["quantization_config"]

    assert (lora["r"], lora["lora_alpha"]) == (64, 16)
    assert lora["target_modules"] == ["wqkv", "wo", "w1", "w2", "w3"]
    assert quantization["bnb_4bit_quant_type"] == "nf4"
    assert quantization["bnb_4bit_use_double_quant"]
    assert said["train_cfg"]["max_epochs"] == 3
    assert [one["type"].rpartition(".")[2] for one in said["param_scheduler"]] == [
        "LinearLR",
        "CosineAnnealingLR",
    ]


@pytest.mark.parametrize("config", sorted(CONFIGS.glob("[a-z]*.py")), ids=lambda path: path.stem)
def test_no_config_logs_what_it_trains_on(config):
    assert "hooks" not in str(Recipe(config).read().get("custom_hooks", ""))


def test_a_path_that_xtuner_would_misread_is_refused(tmp_path):
    with pytest.raises(XTunerError, match="no spaces, commas"):
        Recipe(QLORA, base=tmp_path / "my models").overrides()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (None, "is not there: name a config"),
        ("this is no Python", "cannot be read"),
        ("max_epochs = 3", "data_path and pretrained_model_name_or_path"),
    ],
)
def test_a_config_that_is_none_is_a_sentence(text, named, tmp_path):
    config = tmp_path / "config.py"
    if text:
        config.write_text(text)

    with pytest.raises(XTunerError, match=named):
        Recipe(config).read()


def test_training_without_data_says_how_to_get_it(tmp_path):
    with pytest.raises(XTunerError, match="python -m training prepare"):
        train(Recipe(QLORA, prepared=tmp_path), tmp_path / "work", Launch(), resume=False)


def test_training_on_no_preferences_says_so(tmp_path):
    (tmp_path / "dpo.jsonl").touch()

    with pytest.raises(XTunerError, match="is empty"):
        train(Recipe(DPO, prepared=tmp_path), tmp_path / "work", Launch(), resume=False)


def test_only_the_first_machine_draws_and_looks_for_the_checkpoint(tmp_path, monkeypatch):
    (tmp_path / "train.json").write_text("[{}]")
    monkeypatch.setattr(tools, "run_tool", lambda *_: None)  # the first one has moved the folder
    recipe = Recipe(QLORA, prepared=tmp_path)

    def trained(node):
        launch = Launch(nodes=2, node=node, address="10.0.0.1", deepspeed="deepspeed_zero2")
        return stages.train(recipe, tmp_path / "work", launch)

    monkeypatch.setattr(stages, "followed", lambda _: pytest.fail("drawn"))
    assert trained(node=1) == {}
    monkeypatch.setattr(stages, "followed", lambda _: nullcontext())
    with pytest.raises(XTunerError, match="left no checkpoint"):
        trained(node=0)


def test_the_last_checkpoint_is_found_where_the_folder_was_moved_to(tmp_path):
    (tmp_path / "iter_40.pth").touch()
    (tmp_path / "last_checkpoint").write_text("/elsewhere/work/iter_40.pth")

    assert last_checkpoint(tmp_path) == tmp_path / "iter_40.pth"


@pytest.mark.parametrize("note", [None, "", "/elsewhere/work/iter_60.pth"])
def test_where_nothing_was_written_whole_there_is_no_checkpoint(note, tmp_path):
    if note is not None:
        (tmp_path / "last_checkpoint").write_text(note)

    assert last_checkpoint(tmp_path) is None
