"""Settings: what an operator reads when something is wrong, and what `.env.example` promises."""

import subprocess
import sys
from pathlib import Path

import pytest
from dotenv import dotenv_values

from bot.errors import SettingsError
from bot.settings import Settings, load_settings

ROOT = Path(__file__).parents[2]
KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch, tmp_path):
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def test_nothing_needs_to_be_set():
    settings = load_settings()
    assert settings.telegram_bot_token is None
    assert not settings.uses_postgresql


def test_the_environment_wins_over_dotenv(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text("HTTP_PORT=1111\nBURST_WINDOW=0\n")
    monkeypatch.setenv("HTTP_PORT", "2222")
    settings = load_settings()
    assert (settings.http_port, settings.burst_window) == (2222, 0)


def test_lists_are_split_at_commas(monkeypatch):
    monkeypatch.setenv("LMDEPLOY_URLS", "http://one:23333/v1, http://two:23333/v1/")
    monkeypatch.setenv("ADMIN_USER_IDS", "1,2")
    settings = load_settings()
    assert settings.lmdeploy_urls == ("http://one:23333/v1", "http://two:23333/v1")
    assert settings.admin_user_ids == (1, 2)


def test_an_openai_address_may_have_any_path(monkeypatch):
    monkeypatch.setenv(
        "OPENAI_URLS",
        "https://api.deepseek.com/, https://ark.example.com/api/v3,"
        "https://open.bigmodel.cn/api/paas/v4/chat/completions",
    )
    monkeypatch.setenv("OPENAI_EXTRA_BODY", '{"top_k": 20, "stream_options": null}')
    settings = load_settings()
    assert settings.openai_urls == (
        "https://api.deepseek.com",
        "https://ark.example.com/api/v3",
        "https://open.bigmodel.cn/api/paas/v4",
    )
    assert settings.openai_extra_body == {"top_k": 20, "stream_options": None}


def test_two_engines_are_one_too_many(monkeypatch):
    monkeypatch.setenv("LMDEPLOY_URLS", "http://one:23333/v1")
    monkeypatch.setenv("OPENAI_URLS", "https://api.deepseek.com")
    with pytest.raises(SettingsError, match=r"^OPENAI_URLS: .*because LMDEPLOY_URLS names"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OPENAI_URLS", "api.deepseek.com"),
        ("OPENAI_EXTRA_BODY", "top_k: 20"),
        ("OPENAI_EXTRA_BODY", "[1]"),
        ("ENGINE_CA_FILE", "/nowhere/ca.pem"),
        ("ENGINE_CA_FILE", __file__),
        ("TELEGRAM_MODE", "pull"),
        ("TELEGRAM_API_URL", "api.telegram.org"),
        ("HTTP_PORT", "80a"),
        ("HTTP_PORT", "70000"),
        ("LMDEPLOY_URLS", "http://one:23333"),
        ("LMDEPLOY_URLS", "http://one:99999/v1"),
        ("LMDEPLOY_URLS", "http://o ne/v1"),
        ("ADMIN_USER_IDS", "me"),
        ("BURST_WINDOW", "-1"),
        ("OPERATOR_CONTACT", "x" * 201),
        ("LOG_LEVEL", "loud"),
    ],
)
def test_a_wrong_value_is_one_sentence_with_name_found_and_expected(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    sentence = str(refused.value)
    assert sentence.startswith(f'{name}: found "{value}", expected ')
    assert sentence.endswith(".")
    assert "\n" not in sentence


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TELEGRAM_BOT_TOKEN", "no-colon-secret"),
        ("DATABASE_URL", "mysql://user:hunter2@host/db"),
        ("REDIS_URL", "http://:hunter2@host"),
        ("REDIS_URL", "redis://:hunter2@host:abc"),
        ("ENCRYPTION_KEYS", "hunter2"),
        ("LMDEPLOY_API_KEY", "密钥"),
        ("OPENAI_API_KEY", "密钥"),
    ],
)
def test_a_wrong_secret_is_described_but_not_shown(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert str(refused.value).startswith(f"{name}: found a value of {len(value)} characters")
    assert value not in str(refused.value)


def test_secrets_do_not_print(monkeypatch):
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "123456:very-secret")
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:hunter2@host/db")
    monkeypatch.setenv("ENCRYPTION_KEYS", KEY)
    shown = repr(load_settings())
    for secret in ("very-secret", "hunter2", KEY):
        assert secret not in shown


@pytest.mark.parametrize("missing", ["TELEGRAM_BOT_TOKEN", "WEBHOOK_URL", "WEBHOOK_SECRET"])
def test_webhook_mode_needs_its_three_settings(monkeypatch, missing):
    given = {
        "TELEGRAM_MODE": "webhook",
        "TELEGRAM_BOT_TOKEN": "123456:abc",
        "WEBHOOK_URL": "https://bot.example.org/telegram",
        "WEBHOOK_SECRET": "s3cret",
    }
    for name, value in given.items():
        if name != missing:
            monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"^{missing}: found nothing, expected .*webhook"):
        load_settings()


def test_a_database_server_needs_keys(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:hunter2@host/db")
    with pytest.raises(SettingsError, match=r"^ENCRYPTION_KEYS: found nothing, expected "):
        load_settings()


def test_a_misspelt_name_is_told_and_a_foreign_one_is_left_alone(tmp_path):
    (tmp_path / ".env").write_text("POSTGRES_PASSWORD=for-compose\n")
    load_settings()
    (tmp_path / ".env").write_text("TELEGRAM_BOT_TOKN=123456:abc\n")
    with pytest.raises(SettingsError, match="found TELEGRAM_BOT_TOKN, expected TELEGRAM_BOT_TOKEN"):
        load_settings()


def test_a_file_in_another_encoding_is_told(tmp_path):
    (tmp_path / ".env").write_bytes("LOG_LEVEL=info # 树洞\n".encode("gbk"))
    with pytest.raises(SettingsError, match="not UTF-8"):
        load_settings()


def test_the_example_file_has_every_setting_with_its_default():
    example = dotenv_values(ROOT / ".env.example", interpolate=False)
    assert list(example) == [name.upper() for name in Settings.model_fields]
    assert load_settings(ROOT / ".env.example") == load_settings(None)


def test_the_command_line_ends_with_status_2_and_without_a_traceback(tmp_path):
    (tmp_path / ".env").write_text("TELEGRAM_MODE=pull\nHTTP_PORT=x\n")
    ended = subprocess.run(
        [sys.executable, "-m", "bot"],
        cwd=tmp_path,
        env={"PATH": "", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.splitlines() == [
        'TELEGRAM_MODE: found "pull", expected "polling" or "webhook".',
        'HTTP_PORT: found "x", expected a port number from 0 to 65535.',
    ]
