"""What XTuner makes of configs, told as JSON; run as a process, as XTuner's tools are.

    python in_xtuner.py '{"config": ["key=value", ...], ...}'

Its registries and the stand-in for torchvision stay out of the process of the tests so.
"""

from __future__ import annotations

import json
import sys

from training.xtuner.child import fill_in

fill_in()

from mmengine.config import Config, DictAction  # noqa: E402
from xtuner.registry import BUILDER  # noqa: E402
from xtuner.tools.train import check_cfg, register_function  # noqa: E402


class _Arguments:
    deepspeed = None


def loaded(path: str, overrides: list[str]) -> Config:
    """A config as `xtuner train --cfg-options` reads it."""
    config = Config.fromfile(path)
    if overrides:
        given = type("Namespace", (), {})()
        DictAction([], "options")(None, given, overrides)
        config.merge_from_dict(given.options)
    register_function(config._cfg_dict)
    check_cfg(config, _Arguments)
    return config


def described(config: Config) -> dict[str, object]:
    """The dataset it trains on, unpacked so that dialogues can be told apart, and the model."""
    dataset = config.train_dataloader.dataset
    if "pack_to_max_length" in dataset:
        packed = BUILDER.build(dataset)
        packs = [len(ids) for ids in packed["input_ids"]]
        dataset.pack_to_max_length = False
        rows = BUILDER.build(dataset)
        row = {"input_ids": rows[0]["input_ids"], "labels": rows[0]["labels"]}
        last = {"input_ids": rows[-1]["input_ids"], "labels": rows[-1]["labels"]}
    else:
        rows = BUILDER.build(dataset)
        row, last, packs = rows[0], None, []
    trained = []
    try:
        model = BUILDER.build(config.model)
        trained = [name for name, weight in model.named_parameters() if weight.requires_grad]
        stopped = ""
    except Exception as error:
        stopped = f"{type(error).__name__}: {error}"
    return {
        "rows": len(rows), "first": row, "last": last, "packs": packs, "stopped": stopped,
        "trained": trained,
    }  # fmt: skip


if __name__ == "__main__":
    found = {
        path: described(loaded(path, given)) for path, given in json.loads(sys.argv[1]).items()
    }
    print(json.dumps(found))
