"""A server whose certificate a private CA has signed."""

from __future__ import annotations

import datetime
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from devtools.engines.lmdeploy import FakeLMDeploy
from inference.connection import certificates
from inference.engine import EngineUnavailable, Message, Sampling
from inference.openai import OpenAIEngine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

PROMPT = [Message("user", "在吗")]


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-signed one, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a private CA")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "ca.pem"
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return file


@asynccontextmanager
async def behind_tls(
    fake: FakeLMDeploy, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[str]:
    made = uvicorn.Config

    def with_certificate(*args: object, **options: object) -> uvicorn.Config:
        return made(*args, **options, ssl_certfile=certificate)  # type: ignore[arg-type]

    monkeypatch.setattr(uvicorn, "Config", with_certificate)
    async with fake.serve():
        yield fake.url.replace("http://", "https://")


async def test_it_is_trusted_where_it_is_named(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with behind_tls(FakeLMDeploy(), certificate, monkeypatch) as url:
        engine = OpenAIEngine([url], ca_file=certificate)
        assert (await engine.start()).name == "shudong-7b"
        assert [piece async for piece in engine.stream(PROMPT, Sampling())]
        await engine.aclose()


async def test_one_that_is_not_named_is_told_from_a_server_that_is_away(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with behind_tls(FakeLMDeploy(), certificate, monkeypatch) as url:
        engine = OpenAIEngine([url], model_name="shudong-7b")
        with pytest.raises(EngineUnavailable, match="ENGINE_CA_FILE"):
            [piece async for piece in engine.stream(PROMPT, Sampling())]
        await engine.aclose()


def test_the_usual_certificates_stay_trusted(certificate: Path) -> None:
    usual = certificates().cert_store_stats()["x509_ca"]
    assert certificates(certificate).cert_store_stats()["x509_ca"] == usual + 1
