"""Whose webhook it is, and whether Telegram gets through."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs
from telegram import WebhookInfo
from telegram.error import TimedOut

from bot.errors import StartupError
from bot.telegram.inbound.webhook_watch import WebhookWatch, host_of, refuse_takeover

OURS = "https://bot.example/hook-s3cret"
NOW = datetime(2026, 7, 1, tzinfo=UTC)


class Telegram:
    """Says where it delivers."""

    def __init__(self, url: str = OURS) -> None:
        self.url, self.pending = url, 0
        self.failed_at: datetime | None = None
        self.is_away = False

    async def get_webhook_info(self) -> WebhookInfo:
        if self.is_away:
            raise TimedOut
        return WebhookInfo(
            self.url,
            has_custom_certificate=False,
            pending_update_count=self.pending,
            last_error_date=self.failed_at,
            last_error_message="Connection refused" if self.failed_at else None,
        )


async def test_a_webhook_that_another_takes_is_an_event_until_it_is_ours_again():
    telegram = Telegram()
    watch = WebhookWatch(telegram, OURS, lambda: NOW)
    with capture_logs() as logs:
        await watch.look()
        assert await watch.is_ours()
        telegram.url = "https://rehearsal.example/x"
        await watch.look()
        await watch.look()
        assert not await watch.is_ours()
        telegram.is_away = True
        await watch.look()
        assert not await watch.is_ours()
        telegram.is_away, telegram.url = False, OURS
        await watch.look()
    assert await watch.is_ours()
    assert [(log["event"], log.get("by")) for log in logs] == [
        ("webhook_taken", "rehearsal.example"),
        ("webhook_unknown", None),
        ("webhook_ours_again", None),
    ]


@pytest.mark.parametrize(
    ("pending", "ago", "is_delivered"),
    [
        (0, timedelta(seconds=5), True),  # it arrived at the second try
        (3, timedelta(seconds=5), False),
        (3, timedelta(hours=1), True),  # they are on their way
        (3, None, True),
    ],
)
async def test_a_webhook_fails_when_something_waits_behind_a_fresh_error(
    pending, ago, is_delivered
):
    telegram = Telegram()
    telegram.pending, telegram.failed_at = pending, None if ago is None else NOW - ago
    watch = WebhookWatch(telegram, OURS, lambda: NOW)
    with capture_logs() as logs:
        await watch.look()
    assert await watch.is_delivered() is is_delivered
    assert [log["event"] for log in logs] == [] if is_delivered else ["webhook_fails"]


@pytest.mark.parametrize(
    ("held", "ours", "is_refused"),
    [
        ("", OURS, False),
        (OURS, OURS, False),
        ("https://live.example/a-secret-path", OURS, True),
        ("https://live.example/a-secret-path", None, True),  # to poll would take it away
        ("", None, False),
    ],
)
async def test_a_start_takes_the_webhook_of_no_other_installation(held, ours, is_refused):
    if not is_refused:
        await refuse_takeover(Telegram(held), ours)
        return
    with pytest.raises(StartupError, match=r"live\.example.*WEBHOOK_TAKEOVER") as refusal:
        await refuse_takeover(Telegram(held), ours)
    assert "a-secret-path" not in str(refusal.value)


def test_of_an_address_only_its_host_is_told():
    assert host_of("https://user:pass@h.example:8443/secret?x") == "h.example:8443"
    assert host_of("") == ""
