"""Logs name events, ids and places, and never what somebody wrote."""

import json
import logging

import pytest
import structlog

from bot.ops.logging import configure_logging

SECRET = "我谁都没告诉过"


@pytest.fixture
def restored_logging():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(capsys):
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


@pytest.mark.usefixtures("restored_logging")
def test_an_exception_is_logged_by_type_and_place_without_its_message(capsys):
    configure_logging("info", "json")
    try:
        int(SECRET)
    except ValueError:
        structlog.get_logger("bot.x").exception("turn_failed", turn=7)
        logging.getLogger("foreign").exception("something broke")
    ours, foreign = lines(capsys)
    assert ours["event"] == "turn_failed"
    assert ours["turn"] == 7
    for line in (ours, foreign):
        assert line["error"] == "ValueError"
        assert "test_logging.py" in line["where"]
        assert SECRET not in json.dumps(line, ensure_ascii=False)


@pytest.mark.usefixtures("restored_logging")
def test_talkative_libraries_stay_quiet_even_in_debug(capsys):
    configure_logging("debug", "json")
    for name in ("httpx", "httpx2", "sqlalchemy.engine"):
        logging.getLogger(name).info("POST https://api.telegram.org/bot123:secret/sendMessage")
    logging.getLogger("telegram.request").critical("Can not load invalid JSON data: %s", SECRET)
    assert lines(capsys) == []
