"""What is remembered, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.storage import MemoryKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.locales.talk import TalkTexts
    from bot.storage import MemoryLine


def plain_line(texts: TalkTexts, line: MemoryLine) -> str:
    """One line as its person reads it."""
    fact = line.fact
    match fact.kind:
        case MemoryKind.MANNER:
            return str(getattr(texts, f"manner_{fact.said}", fact.said))
        case MemoryKind.EVENT if fact.on is not None:
            return f"{fact.on.isoformat()} {fact.said}"
        case _:
            return f"{fact.said}（{fact.note}）" if fact.note else fact.said


def ordered(lines: Sequence[MemoryLine]) -> list[MemoryLine]:
    """Lines in the order in which they are read: by kind, then as they were told."""
    return sorted(lines, key=lambda line: (list(MemoryKind).index(line.fact.kind), line.id))


def by_kind(texts: TalkTexts, lines: Sequence[MemoryLine]) -> str:
    """All lines under what they are about."""
    parts = []
    for kind in MemoryKind:
        of_kind = [plain_line(texts, line) for line in ordered(lines) if line.fact.kind is kind]
        if of_kind:
            heading = getattr(texts, f"memory_kind_{kind.value}")
            parts.append("\n".join([f"{heading}：", *(f"· {said}" for said in of_kind)]))
    return "\n\n".join(parts)


def numbered(texts: TalkTexts, lines: Sequence[MemoryLine]) -> str:
    """All lines with the numbers that their buttons have."""
    return "\n".join(
        f"{number}. {plain_line(texts, line)}" for number, line in enumerate(ordered(lines), 1)
    )
