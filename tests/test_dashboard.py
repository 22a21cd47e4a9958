"""Dashboard and alerts name metrics and labels that the bot has."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.metrics import REGISTRY

ROOT = Path(__file__).parents[1]
DASHBOARD = ROOT / "deploy/grafana/shudong.json"
ALERTS = ROOT / "deploy/prometheus/alerts.yml"
OF_PROMETHEUS = {"le", "instance", "job"}
"""Labels that no metric of ours declares."""


def queries_of_dashboard() -> list[str]:
    panels = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load(ALERTS.read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


QUERIES = [*queries_of_dashboard(), *(alert["expr"] for alert in alerts())]


def declared() -> dict[str, set[str]]:
    """The names that /metrics can show, and the labels of each."""
    names: dict[str, set[str]] = {}
    for collector in REGISTRY._collector_to_names:  # noqa: SLF001 - what is declared, shown or not
        labels = set(getattr(collector, "_labelnames", ()))
        names |= dict.fromkeys(REGISTRY._collector_to_names[collector], labels)  # noqa: SLF001
    return names


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_asks_for_what_there_is(query: str) -> None:
    known = declared()
    asked = set(re.findall(r"\b(?:shudong|process)_\w+", query))
    assert asked - known.keys() == set()
    labels = {
        label.strip()
        for group in re.findall(r"by \(([^)]*)\)", query)
        for label in group.split(",")
    } | set(re.findall(r"(\w+)(?:=|!=|=~|!~)\"", query))
    assert labels - set().union(*(known[name] for name in asked), OF_PROMETHEUS) == set()


def test_what_the_bot_shows_is_on_the_dashboard_or_in_an_alert() -> None:
    said = " ".join(QUERIES)
    unseen = {
        family.name
        for family in REGISTRY.collect()
        if family.name.startswith("shudong_") and family.name not in said
    }
    assert unseen == set()


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
def test_an_alert_says_how_urgent_it_is_and_what_is_the_case(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert alert["annotations"]["summary"].endswith(".")
