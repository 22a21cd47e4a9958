"""Loads the texts of a language, and refuses a file that is not complete.

A key that is missing, unknown, empty or has other placeholders than its type in `Texts` names
stops the load, so it fails the first test (and the start of the bot), never a person's message.
"""

from __future__ import annotations

import string
import tomllib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from bot.locales.templates import Template
from bot.locales.texts import Texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.locales.language import Language

Kind = TypeVar("Kind")


class LocaleError(ValueError):
    """A file of texts that does not fit `Texts`."""


@cache
def texts_for(language: Language) -> Texts:
    """The texts of a language, read from its file once. Raises LocaleError."""
    return read_texts(Texts, "bot.locales", language)


def read_texts(kind: type[Kind], package: str, language: Language) -> Kind:
    """A dataclass of texts from the file of a language in a package. Raises LocaleError."""
    source = resources.files(package).joinpath(f"{language.value}.toml")
    return build(kind, tomllib.loads(source.read_text(encoding="utf-8")))


def build_texts(values: Mapping[str, object]) -> Texts:
    """`Texts` from key to text. Raises LocaleError that names every key at fault."""
    return build(Texts, values)


def build(kind: type[Kind], values: Mapping[str, object]) -> Kind:
    """A dataclass of texts from key to text. Raises LocaleError that names every key at fault."""
    types = get_type_hints(kind)
    if values.keys() != types.keys():
        missing = sorted(types.keys() - values.keys())
        unknown = sorted(values.keys() - types.keys())
        raise LocaleError(f"missing texts: {missing}; unknown texts: {unknown}")
    return kind(**{key: _typed(key, value, types[key]) for key, value in values.items()})


def _typed(key: str, value: object, kind: type[Any]) -> Any:  # noqa: ANN401 (str or Template)
    if not isinstance(value, str) or not value.strip():
        raise LocaleError(f"{key}: expected a text that is not empty")
    text = value.strip()
    try:
        found = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    except ValueError as error:
        raise LocaleError(f"{key}: broken placeholder: {error}") from error
    if not issubclass(kind, Template):
        if found:
            raise LocaleError(f"{key}: takes no placeholder, found {sorted(found)}")
        return text
    if found != kind.placeholders:
        raise LocaleError(
            f"{key}: expected placeholders {sorted(kind.placeholders)}, found {sorted(found)}"
        )
    return kind(text)
