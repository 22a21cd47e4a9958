"""Logs name events, ids and places, and never what somebody wrote."""

import json
import logging

import pytest
import structlog

from bot.errors import StartupError
from bot.ops.logging import IdHash, configure_logging

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


@pytest.mark.usefixtures("restored_logging")
def test_who_it_is_about_is_a_hash_that_every_replica_makes_alike(capsys):
    for _ in range(2):
        configure_logging("info", "json", secret="123:token")
        structlog.get_logger("bot.x").info("chat_paused", chat=20_001, turn=7)
    configure_logging("info", "json", secret="another")
    structlog.get_logger("bot.x").info("chat_paused", chat_id=20_001, user=20_001)
    first, second, other = lines(capsys)
    assert first["chat"] == second["chat"] == IdHash("123:token")(20_001)
    assert other["chat_id"] == other["user"] != first["chat"]
    assert first["turn"] == 7
    assert "20001" not in json.dumps([first, second, other])


@pytest.mark.usefixtures("restored_logging")
def test_a_log_file_is_private_and_follows_its_rotation(tmp_path):
    file = tmp_path / "logs" / "bot.log"
    configure_logging("info", "json", file=file)
    logger = structlog.get_logger("bot.x")
    logger.info("before")
    assert file.stat().st_mode & 0o077 == 0
    file.rename(tmp_path / "bot.log.1")
    logger.info("after")
    logging.getLogger().handlers[0].close()
    assert file.stat().st_mode & 0o077 == 0
    assert json.loads(file.read_text())["event"] == "after"
    assert json.loads((tmp_path / "bot.log.1").read_text())["event"] == "before"


@pytest.mark.usefixtures("restored_logging")
def test_a_log_file_that_cannot_be_written_is_a_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StartupError, match="LOG_FILE"):
        configure_logging("info", "json", file=tmp_path / "file" / "bot.log")
