"""Which proxy Telegram is reached through."""

from __future__ import annotations

import pytest

from bot.proxies import UnusableProxyError, proxy_environment, proxy_for

TELEGRAM = "https://api.telegram.org"
CLASH = {
    "http_proxy": "http://127.0.0.1:7890",
    "https_proxy": "http://127.0.0.1:7890",
    "all_proxy": "socks5://127.0.0.1:7890",
}


@pytest.mark.parametrize(
    ("url", "setting", "environment", "proxy"),
    [
        (TELEGRAM, None, {}, None),
        (TELEGRAM, None, CLASH, "http://127.0.0.1:7890"),
        (TELEGRAM, None, {"ALL_PROXY": "socks5://h:1"}, "socks5://h:1"),
        (TELEGRAM, None, {"HTTPS_PROXY": "h:1"}, "http://h:1"),
        (TELEGRAM, "socks5://mine:1", CLASH, "socks5://mine:1"),
        (TELEGRAM, None, {"HTTP_PROXY": "http://h:1"}, None),
        (TELEGRAM, None, {**CLASH, "no_proxy": "localhost,.telegram.org"}, None),
        (TELEGRAM, None, {**CLASH, "NO_PROXY": "*"}, None),
        (TELEGRAM, None, {**CLASH, "NO_PROXY": "[::1],127.0.0.1"}, "http://127.0.0.1:7890"),
        ("http://127.0.0.1:8081", "socks5://mine:1", CLASH, None),
        ("http://localhost:8081", None, CLASH, None),
        ("http://[::1]:8081", None, CLASH, None),
        ("http://10.0.0.5:8081", None, CLASH, None),
        ("http://10.0.0.5:8081", "http://mine:1", CLASH, "http://mine:1"),
    ],
)
def test_telegram_is_reached_through_what_is_meant_for_it(url, setting, environment, proxy):
    assert proxy_for(url, setting, environment) == proxy


@pytest.mark.parametrize(
    "address", ["socks4://u:secret@h:1", "ftp://h", "http://[::1", "http://h:x"]
)
def test_what_is_no_proxy_is_named_without_its_password(address):
    with pytest.raises(UnusableProxyError, match="HTTPS_PROXY") as raised:
        proxy_for(TELEGRAM, None, {"HTTPS_PROXY": address})
    assert "secret" not in str(raised.value)


def test_proxies_of_dotenv_count_and_the_environment_before_them(monkeypatch):
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    dotenv = {"HTTPS_PROXY": "http://a:1", "NO_PROXY": "b", "DATA_DIR": "d", "ALL_PROXY": None}
    assert proxy_environment(dotenv) == {"https_proxy": "http://a:1", "no_proxy": "b"}
    monkeypatch.setenv("https_proxy", "http://c:1")
    assert proxy_environment(dotenv)["https_proxy"] == "http://c:1"
