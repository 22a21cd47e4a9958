"""How a server is reached: whom to trust, what goes through a proxy, what a broken line means."""

from __future__ import annotations

from functools import cache
from ipaddress import ip_address
from typing import TYPE_CHECKING

import httpx2

from inference.engine import EngineError, EngineProtocolError, EngineTimeout, EngineUnavailable

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

CONNECTION_FAILURES = (EngineError, httpx2.HTTPError, httpx2.StreamError)


def engine_error(error: Exception) -> EngineError:
    """What a failed request means, without a word of the server's."""
    match error:
        case EngineError():
            return error
        case httpx2.ConnectTimeout():
            return EngineTimeout("no connection within the time allowed")
        case httpx2.ConnectError() if "CERTIFICATE" in str(error).upper():
            return EngineUnavailable(
                "its certificate is not trusted here; "
                "ENGINE_CA_FILE names the certificate of a private CA"
            )
        case httpx2.ProxyError():
            return EngineUnavailable("the proxy does not let the request through")
        case httpx2.ConnectError():
            return EngineUnavailable("nothing answers at this address")
        case httpx2.DecodingError():
            return EngineProtocolError("the response cannot be decompressed")
        case httpx2.RemoteProtocolError() if not _is_hang_up(error):
            return EngineProtocolError("the response is not HTTP")
    return EngineUnavailable("the connection broke")


def is_public(host: str) -> bool:
    """Whether the host is on the public network, as far as its name tells."""
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".local", ".internal", ".lan", ".localhost"))


@cache
def certificates(ca_file: Path | None = None) -> ssl.SSLContext:
    """The certificates to trust: the usual ones, and those in `ca_file` (PEM).

    SSL_CERT_FILE and SSL_CERT_DIR, which stand in place of the usual ones, are read; proxies of the
    environment are not. Raises OSError (`ssl.SSLError` is one) for a file that holds none.
    """
    context = httpx2.create_ssl_context(trust_env=True)
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context


def _is_hang_up(error: httpx2.RemoteProtocolError) -> bool:
    """Whether the server merely went away; the type is the same when it speaks nonsense."""
    return any(word in str(error) for word in ("disconnected", "closed"))
