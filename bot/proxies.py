"""Which proxy the bot reaches Telegram through, and why none where it needs none."""

from __future__ import annotations

import ipaddress
import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.settings import PROXY_SCHEMES

if TYPE_CHECKING:
    from collections.abc import Mapping

FROM_ENVIRONMENT = ("https_proxy", "all_proxy")
"""What a client of https reads; HTTP_PROXY is for addresses without TLS, and the token is none of
its business."""


class UnusableProxyError(ValueError):
    """No proxy has such an address; the message names the variable and shows no password."""


def _checked(name: str, address: str) -> str:
    """Return a proxy's address as httpx takes it.

    Raises:
        UnusableProxyError: it is none.
    """
    if "://" not in address:
        address = f"http://{address}"  # as curl and Clash read it
    try:
        parts = urlsplit(address)
        usable = parts.scheme.lower() in PROXY_SCHEMES and parts.hostname and parts.port != 0
    except ValueError:
        usable = None
    if not usable:
        scheme = address.partition("://")[0]
        raise UnusableProxyError(
            f"{name}: found an address that begins with {scheme}://, expected one like "
            "http://127.0.0.1:7890 or socks5://127.0.0.1:7890."
        )
    return address


def proxy_for(
    api_url: str, setting: str | None, environment: Mapping[str, str] | None = None
) -> str | None:
    """The proxy between the bot and `api_url`; None: directly.

    `setting` (TELEGRAM_PROXY) counts before `environment` (HTTPS_PROXY and ALL_PROXY, but for what
    NO_PROXY names). This machine is never reached through a proxy, and a Bot API server without TLS
    only through the setting: the token would pass in clear.

    Raises:
        UnusableProxyError: the address that would be used is none.
    """
    parts = urlsplit(api_url)
    host = parts.hostname or ""
    if _is_this_machine(host):
        return None
    if setting:
        return _checked("TELEGRAM_PROXY", setting)
    if parts.scheme != "https":
        return None
    given = {name.lower(): value for name, value in (environment or {}).items() if value}
    if _is_excepted(host, given.get("no_proxy", "")):
        return None
    for name in FROM_ENVIRONMENT:
        if name in given:
            return _checked(name.upper(), given[name])
    return None


def proxy_environment(dotenv: Mapping[str, str | None]) -> dict[str, str]:
    """The variables about proxies, of `.env` (where the settings stand) and of the environment."""
    named = {*FROM_ENVIRONMENT, "no_proxy"}
    found = {name.lower(): value for name, value in dotenv.items() if name.lower() in named}
    # Lower case counts before upper case, as curl reads it.
    for name in sorted(os.environ):
        if name.lower() in named and os.environ[name]:
            found[name.lower()] = os.environ[name]
    return {name: value for name, value in found.items() if value}


def _is_excepted(host: str, no_proxy: str) -> bool:
    """Whether NO_PROXY (names and their ends, comma-separated, or *) covers a host."""
    names = [name.strip().lower().lstrip("*").lstrip(".") for name in no_proxy.split(",")]
    return no_proxy.strip() == "*" or any(
        name and (host == name or host.endswith(f".{name}")) for name in names
    )


def _is_this_machine(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
