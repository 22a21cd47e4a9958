"""A config of XTuner's, and what one run puts in the place of what it says."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from training.xtuner.errors import XTunerError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

BASE: Final = "pretrained_model_name_or_path"
DATA: Final = "data_path"
DEEPSPEED: Final = "deepspeed"
"""Names that XTuner's own configs give to what is replaced; ours add the third."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to train and with what; None leaves what the config says."""

    config: Path
    base: Path | None = None
    """The folder of the base model."""
    prepared: Path | None = None
    """The folder that `prepare` wrote; the config says which of its files it reads."""
    options: tuple[str, ...] = ()
    """More of XTuner's `--cfg-options`, each `key=value`."""

    def read(self) -> dict[str, Any]:
        """What XTuner trains by: the config and `options` over it, as plain values.

        Imports nothing that the config names.

        Raises:
            XTunerError: there is no such config, or it or an option cannot be read.
        """
        return self._read(self.options)

    def _read(self, options: Sequence[str] = ()) -> dict[str, Any]:
        if not self.config.is_file():
            raise XTunerError(f"{self.config} is not there: name a config.", exit_status=2)
        from mmengine.config import Config  # noqa: PLC0415 - only training has it

        try:
            config = Config.fromfile(self.config)
        except Exception as error:  # whatever a file of Python can raise
            raise XTunerError(f"{self.config} cannot be read: {error}", exit_status=2) from error
        try:
            config.merge_from_dict(_values(options))
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            raise XTunerError(
                f"{' '.join(options)} does not fit {self.config}: {error}", exit_status=2
            ) from error
        said: dict[str, Any] = config.to_dict()
        if missing := {BASE, DATA} - said.keys():
            raise XTunerError(
                f"{self.config} does not set {' and '.join(sorted(missing))} at its top, as "
                "XTuner's own configs do; without it nobody can tell what to put in its place.",
                exit_status=2,
            )
        return said

    def base_model(self) -> str:
        """The folder, or the name on a hub, of the model that is tuned."""
        return str(self.base or self._read()[BASE])

    def data_file(self) -> Path:
        """What is trained on."""
        said = Path(self._read()[DATA])
        return self.prepared / said.name if self.prepared else said

    def deepspeed(self) -> str | None:
        """What the config wants from DeepSpeed on more than one GPU."""
        return self.read().get(DEEPSPEED)

    def overrides(self) -> list[str]:
        """The run's own values as XTuner's `--cfg-options`, in every place that repeats them."""
        said = self._read()
        values = {}
        if self.base:
            values[said[BASE]] = _absolute(self.base)
        if self.prepared:
            values[said[DATA]] = _absolute(self.data_file())
        places = [f"{key}={values[text]}" for key, text in _texts(said, "") if text in values]
        return [*places, *self.options]


def _values(options: Sequence[str]) -> dict[str, Any]:
    """`KEY=VALUE` as XTuner's own command line takes them."""
    from mmengine.config import DictAction  # noqa: PLC0415 - only training has it

    parser = argparse.ArgumentParser()
    parser.add_argument("--options", nargs="*", action=DictAction)
    values: dict[str, Any] = parser.parse_args(["--options", *options]).options
    return values


def _texts(node: object, at: str) -> Iterator[tuple[str, str]]:
    """Every text in a config, with its dotted key."""
    if isinstance(node, str):
        yield at, node
    elif isinstance(node, dict | list):
        inner: Mapping[Any, Any] = node if isinstance(node, dict) else dict(enumerate(node))
        for key, value in inner.items():
            yield from _texts(value, f"{at}.{key}" if at else str(key))


def _absolute(path: Path) -> str:
    """A path that `--cfg-options` passes on as it is."""
    text = str(path.absolute())
    # mmengine takes commas and brackets for lists, and drops spaces and quotes.
    if set(text) & set(" ,'\"[]()"):
        raise XTunerError(
            f"XTuner cannot be given the path {text}: no spaces, commas, quotes or brackets, "
            "please. Use a link of another name.",
            exit_status=2,
        )
    return text
