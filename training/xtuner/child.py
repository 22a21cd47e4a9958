"""The process that becomes one of XTuner's tools: `python -m training.xtuner.child TOOL ...`.

XTuner imports torchvision for pictures, which text does not need and which a CPU build of torch
cannot load; it asks a device whether it knows bfloat16, which `torch.cpu` does not say; mmengine
gives each of several processes a GPU. All are seen to where they are missing, not elsewhere.

XTuner's own command line is not used: it starts whatever `python` comes first in PATH and loses the
exit status.
"""

from __future__ import annotations

import runpy
import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Final

from inference.serve.launch import end_with_parent

TOOLS: Final = {
    "train": "xtuner.tools.train",
    "pth_to_hf": "xtuner.tools.model_converters.pth_to_hf",
    "merge": "xtuner.tools.model_converters.merge",
    "torchrun": "torch.distributed.run",
}


def main() -> None:
    """Become the tool that is named first."""
    end_with_parent()
    tool, *arguments = sys.argv[1:]
    if tool != "torchrun":
        fill_in()
    sys.argv = [tool, *arguments]
    runpy.run_module(TOOLS[tool], run_name="__main__", alter_sys=True)


def fill_in() -> None:
    """Put in place what XTuner asks for and this machine lacks."""
    if find_spec("torchvision") is None:
        for name in ("torchvision", "torchvision.transforms", "torchvision.transforms.functional"):
            sys.modules[name] = _stub(name)
    import torch  # noqa: PLC0415 - torchrun does without

    if not hasattr(torch.cpu, "is_bf16_supported"):
        vars(torch.cpu)["is_bf16_supported"] = lambda: True
    if not torch.cuda.is_available():
        vars(torch.cuda)["set_device"] = lambda _: None


def _stub(name: str) -> ModuleType:
    module = ModuleType(name)
    module.__spec__ = ModuleSpec(name, None)
    module.__dict__.update(__version__="0", InterpolationMode=None)
    return module


if __name__ == "__main__":
    main()
