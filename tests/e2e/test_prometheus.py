"""A real Prometheus scrapes a real bot, and every query of dashboard and alerts is asked."""

from __future__ import annotations

import shutil
import signal
import subprocess
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import yaml

from devtools.processes import die_with_parent, free_port
from tests.e2e.house import REDO
from tests.e2e.people import eventually
from tests.test_dashboard import ALERTS, queries_of_dashboard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.e2e.house import House
    from tests.e2e.people import Telegram

NEEDS_TROUBLE = (
    "call_failures",
    "crisis_cards",
    "engine_errors",
    'outcome="failed"',
    "storage_errors",
    "webhook_last_error",
    "webhook_requests",
)
"""Parts of queries that have no answer as long as nothing goes wrong."""


class Prometheus:
    """Debian's `prometheus` over one bot, with our alerts; nothing else."""

    def __init__(self, folder: Path, bot_port: int) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        settings = {
            "global": {"scrape_interval": "500ms", "evaluation_interval": "500ms"},
            "rule_files": [str(ALERTS)],
            "scrape_configs": [
                {
                    "job_name": "shudong",
                    "static_configs": [{"targets": [f"127.0.0.1:{bot_port}"]}],
                }
            ],
        }
        (folder / "prometheus.yml").write_text(yaml.safe_dump(settings))
        program = shutil.which("prometheus")
        assert program is not None
        self._child = subprocess.Popen(
            [
                program,
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={self.url.removeprefix('http://')}",
                "--log.level=error",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent,
        )

    def stop(self) -> None:
        self._child.send_signal(signal.SIGKILL)
        self._child.wait()

    async def ask(self, path: str, **parameters: str) -> Any:
        async with httpx.AsyncClient(base_url=self.url, trust_env=False) as client:
            answer = await client.get(f"/api/v1/{path}", params=parameters)
        answer.raise_for_status()  # 503 until it has read its own storage
        body = answer.json()
        assert body["status"] == "success", (parameters, body)
        return body["data"]

    async def result(self, query: str) -> list[Any]:
        return list((await self.ask("query", query=query))["result"])


@pytest.fixture(scope="module")
def measured_house(new_house: Callable[..., House]) -> House:
    return new_house("measured", {"METRICS": "on", "LOG_FORMAT": "json"})


@pytest.fixture
def house(measured_house: House) -> House:
    return measured_house


@pytest.fixture
def prometheus(house: House, tmp_path: Path) -> Iterator[Prometheus]:
    if shutil.which("prometheus") is None:
        pytest.skip("prometheus is not installed (Debian: apt-get install prometheus)")
    server = Prometheus(tmp_path, house.bot.port)
    yield server
    server.stop()


async def test_every_query_is_answered_by_what_the_bot_shows(
    house: House, telegram: Telegram, prometheus: Prometheus
) -> None:
    async def listens() -> bool:
        try:
            return bool(await prometheus.result('up{job="shudong"} == 1'))
        except httpx.HTTPError:
            return False

    await eventually(listens, "Prometheus has scraped the bot")
    person = await telegram.person()
    for said in ("今天还行", "想聊聊工作", "谢谢你"):
        await person.says(said)
        await person.hears(f"我听见了：{said}", button=REDO)
    house.bot.readiness()

    async def has_counted() -> bool:
        rate = await prometheus.result("sum(rate(shudong_turns_total[1m])) > 0")
        return bool(rate and await prometheus.result("shudong_people"))

    await eventually(has_counted, "the turns are seen in a rate")
    asked = [query.replace("$__rate_interval", "1m") for query in queries_of_dashboard()]
    unanswered = [query for query in asked if not await prometheus.result(query)]
    assert [q for q in unanswered if not any(part in q for part in NEEDS_TROUBLE)] == []

    rules = [r for group in (await prometheus.ask("rules"))["groups"] for r in group["rules"]]
    assert {rule["health"] for rule in rules} == {"ok"}
    assert {rule["name"] for rule in rules if rule["state"] != "inactive"} == set()

    house.bot.kill()

    async def is_missed() -> bool:
        pending = (await prometheus.ask("alerts"))["alerts"]
        return "ShudongDown" in {alert["labels"]["alertname"] for alert in pending}

    await eventually(is_missed, "the alert about a bot that is gone")
    house.bot.start()


async def test_metrics_and_logs_tell_of_nobody(house: House, telegram: Telegram) -> None:
    person = await telegram.person()
    await person.says("我不想活了")
    await person.hears("12356")
    async with httpx.AsyncClient(trust_env=False) as client:
        shown = (await client.get(f"http://127.0.0.1:{house.bot.port}/metrics")).text
    assert 'shudong_risk_read_total{level="' in shown
    for secret in (str(person.id), "不想活", house.bot.settings["TELEGRAM_BOT_TOKEN"]):
        assert secret not in shown
        assert secret not in house.bot.output
