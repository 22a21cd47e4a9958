"""One word before hours of training, by the real transformers."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from inference.console import CommandError
from training.pipeline import trial
from training.pipeline.config import PrepareStep, RebuildConfig
from training.xtuner import Launch


def config(model: Path) -> RebuildConfig:
    preparing = PrepareStep({}, 0.02)
    return RebuildConfig(Path(), model, Path(), preparing, Launch(), trust_remote_code=True)


def test_a_base_that_generates_is_let_through(base):
    trial.hold(config(base))


def test_a_base_whose_own_code_cannot_generate_is_found_before_training(base, tmp_path, capfd):
    model = tmp_path / "broken"
    shutil.copytree(base, model)
    code = model / "modeling_internlm2.py"
    code.write_text(
        code.read_text(encoding="utf-8")
        + "\n\ndef _outdated(*_, **__):\n    raise AttributeError('no get_max_length')\n"
        + "\n\nInternLM2ForCausalLM.forward = _outdated\n",
        encoding="utf-8",
    )

    with pytest.raises(CommandError, match="does not generate"):
        trial.hold(config(model))
    assert "AttributeError: no get_max_length" in capfd.readouterr().err
