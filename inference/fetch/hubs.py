"""A file of a model hub over HTTP: whole, or from where an earlier try ended."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import httpx2

from inference.console import environment
from inference.fetch.errors import SourceError, WrongBytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from inference.catalogue import HubFile
    from inference.fetch.part_file import PartFile

TRIES: Final = 5
"""Times in a row that nothing may come before a source is given up."""
PAUSE: Final = 2.0
"""Seconds before the next of these; each time twice as long."""
_TIMEOUT: Final = httpx2.Timeout(30.0, connect=10.0)
_RANGE: Final = re.compile(r"bytes (\d+)-\d+/(\d+)")


def address_of(source: HubFile, file: str) -> str:
    """Where a hub has the file; HF_ENDPOINT and MODELSCOPE_DOMAIN name mirrors of the hubs."""
    if source.kind == "hugging-face":
        base = environment("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
        return f"{base}/{source.repository}/resolve/{source.revision}/{quote(file)}"
    base = environment("MODELSCOPE_DOMAIN", "www.modelscope.cn").rstrip("/")
    base = base if "://" in base else f"https://{base}"
    return f"{base}/models/{source.repository}/resolve/{source.revision}/{quote(file)}"


def open_client() -> httpx2.Client:
    """A client that goes through the proxies of the environment."""
    return httpx2.Client(
        trust_env=True,
        follow_redirects=True,
        timeout=_TIMEOUT,
        headers={"Accept-Encoding": "identity"},
    )


def fetch_from_hub(
    address: str,
    part: PartFile,
    client: httpx2.Client,
    on_progress: Callable[[int], None],
    sleep: Callable[[float], None],
) -> None:
    """Let `part` grow to its full size.

    Raises:
        SourceError: it is not to be had here, or nothing comes any more; what came is kept.
        WrongBytes: it is another file.
    """
    tries = 0
    while part.done < part.total:
        before = part.done
        try:
            _go_on(address, part, client, on_progress)
        except (httpx2.HTTPError, httpx2.StreamError) as error:
            tries = 1 if part.done > before else tries + 1
            if tries >= TRIES or isinstance(
                error, httpx2.ConnectError | httpx2.UnsupportedProtocol
            ):
                raise SourceError(_reason(error)) from None
            sleep(PAUSE * 2 ** (tries - 1))


def _go_on(
    address: str, part: PartFile, client: httpx2.Client, on_progress: Callable[[int], None]
) -> None:
    headers = {"Range": f"bytes={part.done}-"} if part.done else {}
    with client.stream("GET", address, headers=headers) as response:
        if response.status_code == httpx2.codes.RANGE_NOT_SATISFIABLE:
            part.reset()  # the source's file is shorter than what is here, so one of them is wrong
            raise WrongBytes("it has less of the file than is here")
        if response.status_code >= httpx2.codes.INTERNAL_SERVER_ERROR:
            raise httpx2.RemoteProtocolError(f"status {response.status_code}")
        if not response.is_success:
            raise SourceError(f"it answers with status {response.status_code}")
        if part.done and response.status_code != httpx2.codes.PARTIAL_CONTENT:
            part.reset()  # it knows no ranges
        size = _announced_size(response, part.done)
        if size is not None and size != part.total:
            raise WrongBytes(f"its file has {size:,} bytes and not {part.total:,}")
        for data in response.iter_raw():
            part.write(data)
            on_progress(part.done)
    if part.done < part.total:
        raise httpx2.RemoteProtocolError("closed before the end")


def _announced_size(response: httpx2.Response, begins_at: int) -> int | None:
    """The size of the whole file as the server tells it."""
    if response.status_code == httpx2.codes.PARTIAL_CONTENT:
        found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if found is None or int(found[1]) != begins_at:
            raise SourceError("it answers with another range than was asked for")
        return int(found[2])
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdigit() else None


def _reason(error: Exception) -> str:
    match error:
        case httpx2.ConnectTimeout():
            return "no connection within 10 seconds"
        case httpx2.TimeoutException():
            return "nothing comes any more"
        case httpx2.ProxyError():
            return "the proxy does not let the request through"
        case httpx2.ConnectError() if "CERTIFICATE" in str(error).upper():
            return "its certificate is not trusted here (SSL_CERT_FILE names others)"
        case httpx2.ConnectError():
            return "nothing answers there"
        case httpx2.UnsupportedProtocol():
            return "its address is none"
    return f"the line breaks again and again ({error})"
