from __future__ import annotations

import pytest

from training.experiments.sweep import variants
from training.small.presets import PRESETS

CPU = PRESETS["cpu"]


def test_each_value_is_tried_alone_beside_the_preset_as_it_is() -> None:
    found = {one.name: one.preset for one in variants(CPU, ["matrix_lr=0.01,0.04", "layers=3"])}

    assert list(found) == ["as it is", "matrix_lr=0.01", "matrix_lr=0.04", "layers=3"]
    assert found["as it is"] == CPU
    assert found["matrix_lr=0.04"].train.matrix_lr == 0.04
    assert found["matrix_lr=0.04"].train.shape == CPU.train.shape
    assert found["layers=3"].train.shape.layers == 3


def test_settings_can_be_changed_together() -> None:
    _, both = variants(CPU, ["layers=3+hidden=384"])

    assert both.name == "layers=3, hidden=384"
    assert (both.preset.train.shape.layers, both.preset.train.shape.heads) == (3, 3)


def test_vocabulary_and_context_change_the_tokens_and_the_model() -> None:
    _, small, short = variants(CPU, ["vocabulary=4096", "context=256"])

    assert small.preset.encode.vocabulary == small.preset.train.shape.vocabulary == 4096
    assert short.preset.encode.context == short.preset.train.shape.context == 256


def test_part_of_the_schedule_can_be_changed() -> None:
    _, late = variants(CPU, ["decay_from=0.8"])

    assert late.preset.train.schedule.decay_from == 0.8


@pytest.mark.parametrize("change", ["colour=red", "layers=many", "layers"])
def test_what_there_is_not_is_refused(change: str) -> None:
    with pytest.raises(ValueError, match=r"colour|layers"):
        list(variants(CPU, [change]))


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_preset_fits_turbomind_and_the_repository(name: str) -> None:
    shape = PRESETS[name].train.shape
    block = 4 * shape.hidden**2 + 3 * shape.hidden * shape.intermediate
    parameters = shape.layers * block + shape.vocabulary * shape.hidden

    assert shape.head == 128
    assert parameters * 8.5 / 8 < 40e6, "Q8_0 has to stay below 40 MB"
    assert PRESETS[name].encode.context == shape.context
    assert PRESETS[name].encode.vocabulary == shape.vocabulary
