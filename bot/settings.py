"""Every setting of the bot, once.

Read from the environment and from `.env` in the working directory, the environment first. Each
field's description completes the sentence "expected ..." that an operator sees when the value is
wrong; `.env.example` is checked against this class by a test.
"""

from __future__ import annotations

import base64
import difflib
import json
import ssl
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.errors import SettingsError

DOTENV = Path(".env")
KEY_BYTES = 32
PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    has_space = any(character.isspace() for character in value)
    # Reading the port raises ValueError if it is none.
    if parts.scheme not in {"http", "https"} or not parts.hostname or has_space or parts.port == 0:
        raise ValueError
    return value.rstrip("/")


def _openai_base_url(value: str) -> str:
    value = _http_url(value)
    if not value.endswith("/v1"):
        raise ValueError
    return value


def _chat_completions_base_url(value: str) -> str:
    # Consoles of services show the whole address; what is added to it again is taken away here.
    return _http_url(_http_url(value).removesuffix("/chat/completions"))


def _json_object(value: object) -> object:
    return json.loads(value) if isinstance(value, str) else value


def _certificates(value: Path) -> Path:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(value)
    except OSError:
        raise ValueError from None
    return value


def _database_url(value: SecretStr) -> SecretStr:
    parts = urlsplit(value.get_secret_value())
    if parts.port == 0 or parts.scheme not in {
        "sqlite",
        "sqlite+aiosqlite",
        "postgres",
        "postgresql",
        "postgresql+asyncpg",
    }:
        raise ValueError
    return value


def _postgresql_url(value: SecretStr) -> SecretStr:
    if not _database_url(value).get_secret_value().startswith("postgres"):
        raise ValueError
    return value


def _redis_url(value: SecretStr) -> SecretStr:
    parts = urlsplit(value.get_secret_value())
    if parts.scheme not in {"redis", "rediss", "unix"} or parts.port == 0:
        raise ValueError
    return value


def _header_value(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if not (text.isascii() and text.isprintable()):
        raise ValueError
    return value


def _proxy(value: SecretStr) -> SecretStr:
    parts = urlsplit(value.get_secret_value())
    if parts.scheme not in PROXY_SCHEMES or not parts.hostname or parts.port == 0:
        raise ValueError
    return value


def _encryption_key(value: SecretStr) -> SecretStr:
    if len(base64.b64decode(value.get_secret_value(), validate=True)) != KEY_BYTES:
        raise ValueError
    return value


def _bot_token(value: SecretStr) -> SecretStr:
    number, colon, secret = value.get_secret_value().partition(":")
    if not (number.isdecimal() and colon and secret) or any(c.isspace() for c in secret):
        raise ValueError
    return value


def _webhook_secret(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if not (
        1 <= len(text) <= 256 and all(c.isascii() and (c.isalnum() or c in "_-") for c in text)
    ):
        raise ValueError
    return value


def _retention(value: int) -> int:
    if 0 < value < 30:
        raise ValueError
    return value


def _one_line(value: str) -> str:
    value = value.strip()
    if not 1 <= len(value) <= 200 or not value.isprintable():
        raise ValueError
    return value


Url = Annotated[str, AfterValidator(_http_url)]
Seconds = Annotated[float, Field(gt=0, le=3600)]


class Settings(BaseSettings):
    """What an operator can decide. Every name is the environment variable's, in lower case."""

    model_config = SettingsConfigDict(
        env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    # Telegram
    telegram_bot_token: Annotated[SecretStr, AfterValidator(_bot_token)] | None = Field(
        None, description="the token that @BotFather gave, like 123456:ABC-DEF"
    )
    telegram_api_url: Url = Field(
        "https://api.telegram.org", description="an http(s) address of a Bot API server"
    )
    telegram_proxy: Annotated[SecretStr, AfterValidator(_proxy)] | None = Field(
        None, description="a proxy like http://127.0.0.1:7890 or socks5://127.0.0.1:7890"
    )
    telegram_mode: Literal["polling", "webhook"] = Field(
        "polling", description='"polling" or "webhook"'
    )
    # Telegram itself only calls https; a local Bot API server may call plain http.
    webhook_url: Url | None = Field(
        None, description="the public http(s) address at which Telegram reaches this bot"
    )
    webhook_secret: Annotated[SecretStr, AfterValidator(_webhook_secret)] | None = Field(
        None, description="1 to 256 characters A-Z a-z 0-9 _ -"
    )
    webhook_takeover: Literal["on", "off"] = Field("off", description='"on" or "off"')
    http_host: str = Field("127.0.0.1", description="an address of this machine to listen on")
    http_port: int = Field(8080, ge=0, le=65535, description="a port number from 0 to 65535")
    sandbox_port: int = Field(8081, ge=0, le=65535, description="a port number from 0 to 65535")

    # Storage
    data_dir: Path = Field(Path("data"), description="a folder this user may write to")
    database_url: Annotated[SecretStr, AfterValidator(_database_url)] | None = Field(
        None, description="a sqlite:///path or postgresql://user:password@host/name"
    )
    database_direct_url: Annotated[SecretStr, AfterValidator(_postgresql_url)] | None = Field(
        None, description="a postgresql://user:password@host/name that leads past the pooler"
    )
    redis_url: Annotated[SecretStr, AfterValidator(_redis_url)] | None = Field(
        None, description="a redis://, rediss:// or unix:// address"
    )
    encryption_keys: Annotated[
        tuple[Annotated[SecretStr, AfterValidator(_encryption_key)], ...],
        NoDecode,
        BeforeValidator(_split),
    ] = Field((), description="comma-separated keys made by `python -m bot keys`, the newest first")

    # Engine
    lmdeploy_urls: Annotated[
        tuple[Annotated[str, AfterValidator(_openai_base_url)], ...],
        NoDecode,
        BeforeValidator(_split),
    ] = Field((), description="comma-separated http(s) addresses that end in /v1")
    lmdeploy_api_key: Annotated[SecretStr, AfterValidator(_header_value)] | None = Field(
        None, description="the key of the LMDeploy servers, in ASCII"
    )
    openai_urls: Annotated[
        tuple[Annotated[str, AfterValidator(_chat_completions_base_url)], ...],
        NoDecode,
        BeforeValidator(_split),
    ] = Field(
        (), description="comma-separated http(s) addresses, without /chat/completions at the end"
    )
    openai_api_key: Annotated[SecretStr, AfterValidator(_header_value)] | None = Field(
        None, description="the key of the servers at OPENAI_URLS, in ASCII"
    )
    openai_extra_body: Annotated[dict[str, Any], NoDecode, BeforeValidator(_json_object)] = Field(
        default_factory=dict, description='a JSON object like {"top_k": 20}'
    )
    model_name: str = Field("", description="a name the engine serves; empty takes its first")
    local_model: Path | None = Field(None, description="the path of a GGUF chat model")
    local_adapter: Path | None = Field(
        None, description="the path of a LoRA adapter in GGUF, made for the model on the CPU"
    )
    models_dir: Path = Field(Path("models"), description="the folder of models that were fetched")
    model_catalogue: Path | None = Field(
        None, description="the path of a catalogue of models, as inference/models.toml is one"
    )
    engine_proxy: Annotated[SecretStr, AfterValidator(_proxy)] | None = Field(
        None, description="a proxy like http://127.0.0.1:7890 or socks5://127.0.0.1:7890"
    )
    engine_ca_file: Annotated[Path, AfterValidator(_certificates)] | None = Field(
        None, description="the path of a file of certificates (PEM)"
    )
    engine_thinking: Literal["on", "off"] = Field("on", description='"on" or "off"')
    engine_connect_timeout: Seconds = Field(5, description="seconds, more than 0")
    engine_first_token_timeout: Seconds | None = Field(None, description="seconds, more than 0")
    engine_stall_timeout: Seconds | None = Field(None, description="seconds, more than 0")
    engine_max_concurrency: int = Field(
        64, ge=1, le=10_000, description="a whole number from 1 to 10000"
    )
    engine_patience: float = Field(
        1800, ge=0, le=86_400, description="seconds from 0 (apologize at once) to 86400"
    )
    context_window: int = Field(
        8192, ge=512, le=1_000_000, description="tokens, a whole number from 512"
    )
    tokenizer: Path | None = Field(
        None, description="the path of a tokenizer.json, or of a folder that holds one"
    )
    max_answer_tokens: int = Field(
        768, ge=16, le=8192, description="tokens, a whole number from 16 to 8192"
    )

    # Conversation
    burst_window: float = Field(1.2, ge=0, le=30, description="seconds from 0 (off) to 30")
    answers_per_day: int = Field(
        300, ge=0, le=1_000_000, description="a whole number; 0 sets no limit"
    )

    # What people are told about the bot
    ai_notice_every: float = Field(
        10_800, ge=600, le=10_800, description="seconds from 600 to 10800"
    )
    ai_notice_every_minors: float = Field(
        3600, ge=600, le=3600, description="seconds from 600 to 3600"
    )
    break_every: float = Field(7200, ge=600, le=7200, description="seconds from 600 to 7200")
    heavy_use_after: float = Field(
        14_400, ge=0, le=86_400, description="seconds a day, from 0 (off) to 86400"
    )

    # Someone in danger
    card_window: float = Field(1800, ge=0, le=86_400, description="seconds from 0 to 86400")
    check_in_after: float = Field(
        21_600, ge=0, le=172_800, description="seconds from 0 (off) to 172800"
    )

    trusted_persons: Literal["on", "off"] = Field("off", description='"on" or "off"')
    models_trusted_at_risk: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)] = Field(
        (), description="comma-separated names of models, as their engine names them"
    )
    second_readers: Annotated[
        tuple[Literal["encoder", "engine", "off"], ...], NoDecode, BeforeValidator(_split)
    ] = Field(("encoder", "engine"), description='comma-separated "encoder" and "engine", or "off"')
    second_reader_timeout: float = Field(
        1.5, gt=0, le=30, description="seconds, more than 0, at most 30"
    )

    # Who may use it
    access: Literal["open", "invite", "list"] = Field(
        "open", description='"open", "invite" or "list"'
    )
    access_list: Path | None = Field(
        None, description="the path of a file with one Telegram user id (a number) a line"
    )
    most_people: int = Field(0, ge=0, le=10_000_000, description="a whole number; 0 sets no limit")
    requests_per_minute: int = Field(
        30, ge=0, le=10_000, description="a whole number; 0 sets no limit"
    )

    # People and operation
    retention_days: Annotated[int, AfterValidator(_retention)] = Field(
        0, ge=0, le=3650, description="days from 30 to 3650, or 0 (kept until /erase)"
    )
    admin_user_ids: Annotated[tuple[int, ...], NoDecode, BeforeValidator(_split)] = Field(
        (), description="comma-separated Telegram user ids (numbers)"
    )
    duty_user_ids: Annotated[tuple[int, ...], NoDecode, BeforeValidator(_split)] = Field(
        (), description="comma-separated Telegram user ids (numbers)"
    )
    viewer_user_ids: Annotated[tuple[int, ...], NoDecode, BeforeValidator(_split)] = Field(
        (), description="comma-separated Telegram user ids (numbers)"
    )
    chats_at_once: int = Field(
        1000, ge=1, le=100_000, description="a whole number from 1 to 100000"
    )
    telegram_calls_per_second: int = Field(
        30, ge=1, le=1000, description="a whole number from 1 to 1000"
    )
    admin_chat_id: int | None = Field(
        None, description="the number of the Telegram chat that is told when somebody is in danger"
    )
    oncall_rota: Path | None = Field(
        None, description="the path of a file (TOML) that says who is on call when"
    )
    oncall_acknowledge_within: float = Field(
        300, ge=1, le=86_400, description="seconds from 1 to 86400"
    )
    operator_contact: Annotated[str, AfterValidator(_one_line)] | None = Field(
        None, description="how people reach you, in one line of at most 200 characters"
    )
    metrics: Literal["on", "off"] = Field("off", description='"on" or "off"')
    answers_late_after: float = Field(300, ge=10, le=86_400, description="seconds from 10 to 86400")
    complaint_days: int = Field(15, ge=1, le=365, description="days, a whole number from 1 to 365")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description='"debug", "info", "warning" or "error"'
    )
    log_format: Literal["console", "json"] = Field("console", description='"console" or "json"')
    log_file: Path | None = Field(None, description="the path of a file that is written to")
    shutdown_grace: float = Field(10, ge=0, le=300, description="seconds from 0 to 300")

    @model_validator(mode="after")
    def _settings_fit_together(self) -> Self:
        if self.telegram_mode == "webhook":
            for name in ("telegram_bot_token", "webhook_url", "webhook_secret"):
                if getattr(self, name) is None:
                    raise _missing(name, "because TELEGRAM_MODE is webhook")
        if self.uses_postgresql and not self.encryption_keys:
            raise _missing("encryption_keys", "because DATABASE_URL names a PostgreSQL")
        if self.access == "list" and self.access_list is None:
            raise _missing("access_list", "because ACCESS is list")
        if self.lmdeploy_urls and self.openai_urls:
            raise PydanticCustomError(
                "second_engine",
                "{because}",
                {"name": "openai_urls", "because": "because LMDEPLOY_URLS names an engine already"},
            )
        return self

    @property
    def log_secret(self) -> str:
        """What ids in logs are hashed with: the same for every replica; empty without a token."""
        token = self.telegram_bot_token
        return "" if token is None else token.get_secret_value()

    @property
    def uses_postgresql(self) -> bool:
        """Whether the history lies in a database server instead of the embedded SQLite."""
        return self.database_url is not None and self.database_url.get_secret_value().startswith(
            "postgres"
        )


def load_settings(dotenv: Path | None = DOTENV) -> Settings:
    """Read the settings from the environment and from `dotenv`.

    Raises:
        SettingsError: one sentence for each wrong, missing or misspelt setting; secrets are
            described, never shown.
    """
    try:
        _refuse_misspelt_names(dotenv)
        return Settings(_env_file=dotenv)
    except UnicodeDecodeError:
        raise SettingsError(f"{dotenv}: found text that is not UTF-8, expected UTF-8.") from None
    except ValidationError as error:
        raise SettingsError("\n".join(dict.fromkeys(_sentences(error)))) from None


def _missing(name: str, because: str) -> PydanticCustomError:
    return PydanticCustomError("missing_setting", "{because}", {"name": name, "because": because})


def _sentences(error: ValidationError) -> list[str]:
    sentences = []
    for item in error.errors(include_input=True, include_url=False):
        because = ""
        if item["type"] in {"missing_setting", "second_engine"}:
            name = str(item["ctx"]["name"])
            found = "nothing" if item["type"] == "missing_setting" else "addresses"
            because = f" ({item['ctx']['because']})"
        else:
            name = str(item["loc"][0])
            found = _shown(name, item["input"])
        expected = Settings.model_fields[name].description
        if item["type"] == "second_engine":
            expected = "none"
        sentences.append(f"{name.upper()}: found {found}, expected {expected}{because}.")
    return sentences


def _shown(name: str, value: object) -> str:
    """Describe a wrong value for the operator, without giving a secret away."""
    if "SecretStr" in str(Settings.model_fields[name].annotation):
        return f"a value of {len(str(value))} characters (not shown)"
    return f'"{value}"'


def _refuse_misspelt_names(dotenv: Path | None) -> None:
    """A setting in `.env` under a nearly right name would be ignored in silence."""
    if dotenv is None or not dotenv.is_file():
        return
    known = [name.upper() for name in Settings.model_fields]
    for name in dotenv_values(dotenv, interpolate=False):
        if name in known or name.upper() in known:
            continue
        if near := difflib.get_close_matches(name.upper(), known, n=1, cutoff=0.85):
            raise SettingsError(f"{dotenv}: found {name}, expected {near[0]} (misspelt?).")
