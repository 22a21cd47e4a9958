"""The command line of `training`."""

from __future__ import annotations

import sys

from inference.dispatch import Command, dispatch

COMMANDS = {
    "prepare": Command(
        "training.prepare.command", "corpora to what XTuner trains on, with a data card", "corpora"
    ),
    "rebuild": Command(
        "training.pipeline.rebuild", "all stages, from corpora to W4A16", "training,corpora"
    ),
    "train": Command("training.pipeline.steps.train", "tune a model with XTuner", "training"),
    "convert": Command(
        "training.pipeline.steps.convert",
        "XTuner's checkpoint to Hugging Face's layout",
        "training",
    ),
    "merge": Command("training.pipeline.steps.merge", "base and adapter as one model", "training"),
    "quantize": Command(
        "training.pipeline.steps.quantize", "a merged model to W4A16, on prepared data", "inference"
    ),
    "evaluate": Command(
        "training.evaluate.command", "measure models side by side on held-out data", "evaluate"
    ),
    "publish": Command(
        "training.publish.command", "a promoted model to a hub; a dry run by default", "publish"
    ),
    "small": Command(
        "training.small.command", "train the small packaged model from scratch", "small,local"
    ),
    "tiny": Command(
        "training.tiny.command", "make the tiny base model of the tiny configs", "training"
    ),
    "risk": Command("training.risk.command", "train the risk detector's first reader", "risk"),
    "risk-encoder": Command(
        "training.risk.encoder.command", "tune the second reader's encoder", "risk-encoder"
    ),
    "risk-stack": Command(
        "training.risk.stacking",
        "weigh the first reader's and the encoder's scores",
        "risk,reader",
    ),
    "small-sweep": Command(
        "training.experiments.sweep",
        "compare settings of the small model in short runs",
        "small,local",
    ),
    "small-judge": Command(
        "training.small.judge", "measure a small model and write its card", "small,local"
    ),
    "small-blind": Command(
        "training.experiments.blind", "let a reader tell whose answer an answer is", "small,local"
    ),
    "samples": Command(
        "training.experiments.samples",
        "compare sampling settings on fixed first messages",
        "small,local",
    ),
}

if __name__ == "__main__":
    sys.exit(dispatch("training", COMMANDS, None))
