"""The models for the CPU that are known here, the best first: models.toml, read and checked."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from inference.engine import Sampling
from inference.model_size import is_below_7b_class

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER: Final = Path("models")
"""Where models lie that were fetched, if the operator names no other folder."""
TEMPLATES: Final = frozenset({"chatml"})

_PACKAGE: Final = Path(__file__).parent
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class CatalogueError(ValueError):
    """The catalogue is wrong; the message names the model and what is the matter."""


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of a repository on Hugging Face or ModelScope."""

    kind: str
    """ "hugging-face" or "modelscope"."""
    repository: str
    revision: str


@dataclass(frozen=True, slots=True)
class PackageParts:
    """A file in equal parts, each in a Python package of its own; the last part may be shorter."""

    package: str
    """The name, with {number} (from 1) in it."""
    version: str
    parts: int
    part_bytes: int


ModelSource = HubFile | PackageParts


@dataclass(frozen=True, slots=True)
class PinnedFile:
    """A file known by its SHA-256."""

    file: str
    bytes: int
    sha256: str
    licence: str
    packaged: Path | None = None
    """Where it lies in this package, if it comes with it."""

    def place(self, folder: Path) -> Path:
        """Where it lies, or would lie in `folder`, the operator's folder of models."""
        return self.packaged or folder / self.file

    def is_there(self, folder: Path) -> bool:
        """Whether a whole file lies at its place; what it holds was checked as it was fetched."""
        try:
            return self.place(folder).stat().st_size == self.bytes
        except OSError:
            return False


@dataclass(frozen=True, slots=True)
class AdapterEntry(PinnedFile):
    """A LoRA adapter; it fits one base and no other."""

    base_sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry(PinnedFile):
    """A chat model."""

    name: str
    """What it is called on the command line."""
    title: str
    note: Mapping[str, str]
    """What it is like, in a clause, by language ("zh", "en")."""
    licence_url: str
    parameters: int
    memory: int
    """Bytes that its process takes at least."""
    context: int
    """Tokens that it was trained for."""
    template: str
    sampling: Sampling
    sources: tuple[ModelSource, ...]
    adapter: AdapterEntry | None = None

    @property
    def is_trial(self) -> bool:
        """Whether it is too small to answer people in danger."""
        return is_below_7b_class(self.parameters)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All models, the best first."""

    models: tuple[ModelEntry, ...]

    @property
    def packaged(self) -> ModelEntry:
        """The model that comes with the software."""
        return next(model for model in self.models if model.packaged is not None)

    def named(self, name: str) -> ModelEntry | None:
        """The model of a name; None: there is none."""
        return next((model for model in self.models if model.name == name), None)

    def of_file(self, path: Path) -> ModelEntry | None:
        """The model whose file `path` is by its name and size; None: it is another's."""
        for model in self.models:
            if model.packaged == path:
                return model
            if path.name == model.file and model.is_there(path.parent):
                return model
        return None

    def best_there(self, folder: Path, memory: int) -> ModelEntry:
        """The best model whose file is in `folder` and that fits into `memory` bytes."""
        there = (one for one in self.models if one.memory <= memory and one.is_there(folder))
        return next(there, None) or self.packaged

    def best(self, memory: int) -> ModelEntry:
        """The best model that fits into `memory` bytes, whether it is there or not."""
        fitting = (one for one in self.models if one.memory <= memory)
        return next(fitting, None) or self.packaged


@cache
def load_catalogue(file: Path | None = None) -> Catalogue:
    """The catalogue in `file`, an operator's own, or the one in this package.

    Raises:
        CatalogueError: it cannot be read, or makes no sense.
    """
    try:
        text = (file or files("inference") / "models.toml").read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogueError(f"{file} cannot be read ({type(error).__name__})") from None
    return read_catalogue(text)


def read_catalogue(text: str) -> Catalogue:
    """Read a catalogue.

    Raises:
        CatalogueError: a field is missing, unknown or makes no sense.
    """
    try:
        models = tuple(_model(dict(entry)) for entry in tomllib.loads(text)["model"])
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise CatalogueError(f"the catalogue cannot be read: {error}") from None
    names = [model.name for model in models]
    if len({*names}) < len(names) or len({model.file for model in models}) < len(names):
        raise CatalogueError("two models have one name or one file")
    if sum(model.packaged is not None for model in models) != 1:
        raise CatalogueError("one model has to come with the software, and no other")
    return Catalogue(models)


def _model(entry: dict[str, Any]) -> ModelEntry:
    name = str(entry.get("name"))
    adapter, sources = entry.pop("adapter", None), entry.pop("source", ())
    try:
        fields: dict[str, Any] = {
            **entry,
            "sampling": Sampling(**entry["sampling"]),
            "sources": tuple(map(_source, sources)),
            "adapter": None if adapter is None else AdapterEntry(**_located(adapter)),
        }
        model = ModelEntry(**_located(fields))
    except (TypeError, KeyError) as error:
        raise CatalogueError(f"{name}: {error}") from None
    _check(model)
    return model


def _located(entry: Mapping[str, Any]) -> dict[str, Any]:
    packaged = entry.get("packaged")
    return {**entry, "packaged": None if packaged is None else _PACKAGE / packaged}


def _source(entry: Mapping[str, Any]) -> ModelSource:
    match entry["kind"]:
        case "hugging-face" | "modelscope":
            return HubFile(**entry)
        case "packages":
            return PackageParts(**{key: entry[key] for key in entry if key != "kind"})
    raise TypeError(f"there is no kind of source called {entry['kind']}")


def _check(model: ModelEntry) -> None:
    for one in filter(None, (model, model.adapter)):
        if not _SHA256.fullmatch(one.sha256) or one.bytes <= 0 or not one.licence:
            raise CatalogueError(f"{model.name}: {one.file} needs its size, SHA-256 and licence")
        if Path(one.file).name != one.file or not one.file.endswith(".gguf"):
            raise CatalogueError(f"{model.name}: {one.file} is not the bare name of a GGUF file")
    wrong = {
        "its adapter belongs to another base": model.adapter is not None
        and model.adapter.base_sha256 != model.sha256,
        f"there is no template called {model.template}": model.template not in TEMPLATES,
        "its note is wanted in zh and en": {*model.note} != {"zh", "en"},
        "there is nowhere to fetch it from": not (model.packaged or model.sources),
        "its parts do not come to its size": not all(_comes_to(model, s) for s in model.sources),
    }
    for sentence, is_so in wrong.items():
        if is_so:
            raise CatalogueError(f"{model.name}: {sentence}")


def _comes_to(model: ModelEntry, source: ModelSource) -> bool:
    """Whether the parts of a source are as many as the file has."""
    if not isinstance(source, PackageParts):
        return True
    rest = model.bytes - (source.parts - 1) * source.part_bytes
    return "{number}" in source.package and 0 < rest <= source.part_bytes
