from __future__ import annotations

from typing import TYPE_CHECKING

from bot.storage import AuditEntry

if TYPE_CHECKING:
    from tests.bot.storage.conftest import Replica, WallClock


async def test_audit_keeps_who_did_what_newest_first(replica: Replica, clock: WallClock) -> None:
    await replica.audit.record(1, "reset", "all", "asked")
    clock.advance(seconds=5)
    await replica.audit.record(2, "reset", "user 5", "refused")
    assert await replica.audit.list_recent(1) == [
        AuditEntry(2, "reset", "user 5", "refused", clock())
    ]
    assert [entry.admin_id for entry in await replica.audit.list_recent(10)] == [2, 1]
