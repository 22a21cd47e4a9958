"""What MkDocs asks for while it builds the documentation: the settings, and links that lead out.

Named as a hook in `deploy/site/mkdocs.yml`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bot.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT: Final = Path(__file__).parents[1]
ALL: Final = "<!-- settings -->"
REST: Final = "<!-- settings not named above -->"
_HEADING = re.compile(r"# --- (.+?) -+")
_SETTING = re.compile(r"([A-Z][A-Z0-9_]*)=")
# Links to code and to pages beside it lead out of the site, whose readers may have no repository.
_LINK_OUT = re.compile(r"\[([^\]]+)\]\((?:\.\./)+([^)#]+)(?:#[^)]*)?\)")

# A line's end is a space to a browser, and between Chinese characters there is none.
_CHINESE = "\u3001-\u301f\u4e00-\u9fff\uff01-\uff5e"
_CHINESE_LINE_END = re.compile(rf"(?<=[{_CHINESE}])\n *(?=[{_CHINESE}])")


@dataclass(frozen=True, slots=True)
class DocumentedSetting:
    """A setting as `.env.example` tells of it."""

    name: str
    section: str
    text: str
    """Its comment; of several under one comment only the first has it."""


def documented_settings(example: str) -> Iterator[DocumentedSetting]:
    """The settings of an `.env.example`, in its order."""
    section = ""
    comment: list[str] = []
    for line in example.splitlines():
        if found := _HEADING.match(line):
            section, comment = found[1], []
        elif line.startswith("#"):
            comment.append(line.lstrip("# "))
        elif found := _SETTING.match(line):
            yield DocumentedSetting(found[1], section, " ".join(comment))
            comment = []
        else:
            comment = []


def settings_tables(settings: Iterable[DocumentedSetting]) -> str:
    """Tables of settings in Markdown: what each does, what it may be, and its default."""
    lines: list[str] = []
    section = None
    for setting in settings:
        if setting.section != section:
            section = setting.section
            lines += ["", f"## {section}", "", "| setting | default | |", "|---|---|---|"]
        field = Settings.model_fields[setting.name.lower()]
        default = _shown(field.get_default(call_default_factory=True))
        text = f"{setting.text} " if setting.text else ""
        cell = f"{text}*Expected: {field.description}.*".replace("|", "\\|")
        lines.append(f"| `{setting.name}` | {default} | {cell} |")
    return "\n".join(lines).strip()


def with_settings(page: str, example: str) -> str:
    """Put in the settings that a page asks for, from an `.env.example`."""
    documented = list(documented_settings(example))
    rest = [setting for setting in documented if f"`{setting.name}`" not in page]
    return page.replace(ALL, settings_tables(documented)).replace(REST, settings_tables(rest))


def _shown(default: object) -> str:
    if default is None or default in ("", (), {}):
        return ""
    if isinstance(default, tuple):
        return f"`{','.join(map(str, default))}`"
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"


def on_page_markdown(markdown: str, **_of_mkdocs: Any) -> str:  # noqa: ANN401 - as MkDocs calls it
    """Put the settings in, name the files that links lead out to, join lines of Chinese."""
    markdown = with_settings(markdown, (ROOT / ".env.example").read_text("utf-8"))
    return _CHINESE_LINE_END.sub("", _LINK_OUT.sub(_without_link, markdown))


def _without_link(found: re.Match[str]) -> str:
    text, path = found.groups()
    if (ROOT / "docs" / path).exists():
        return found[0]  # from a page in a folder to one beside it
    return f"{text} (`{path}`)"
