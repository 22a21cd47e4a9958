"""XTuner's own tools, started as its command line starts them.

Nothing of XTuner is imported here: its tools run in a child process, with what a machine without a
GPU lacks put in their way (`child`), on one process or, through torchrun, on many GPUs and nodes.
"""

from training.xtuner.complete import mark
from training.xtuner.errors import XTunerError
from training.xtuner.launch import Launch
from training.xtuner.recipe import Recipe
from training.xtuner.tools import convert, last_checkpoint, merge, train

__all__ = [
    "Launch",
    "Recipe",
    "XTunerError",
    "convert",
    "last_checkpoint",
    "mark",
    "merge",
    "train",
]
