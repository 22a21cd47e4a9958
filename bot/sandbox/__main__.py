"""A sandbox in a process of its own, so that a bot can die without taking Telegram with it.

    python -m bot.sandbox --port 8081 --token 123456:letters [--data-dir DIR] [--flood]

With a data directory the key comes from SANDBOX_KEY: 32 bytes in base64.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import binascii
import os
import signal
import sys
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bot.sandbox.errors import SandboxError
from bot.sandbox.flood import FloodLimits
from bot.sandbox.server import Sandbox

KEY_VARIABLE = "SANDBOX_KEY"
_NONCE_BYTES = 12


class AesGcmCipher:
    """AES-256-GCM with one key; the nonce stands before the cipher text."""

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)

    def encrypt(self, data: bytes, /) -> bytes:
        """Encrypt with a fresh nonce."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, data, None)

    def decrypt(self, data: bytes, /) -> bytes:
        """Decrypt; raises cryptography's InvalidTag with another key."""
        return self._aead.decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], None)


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGINT or SIGTERM; 2 and one sentence where it cannot start."""
    parser = argparse.ArgumentParser(prog="python -m bot.sandbox", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=int, default=8081, help="0 picks a free one")
    parser.add_argument("--token", required=True, help="the bot's token, 123456:letters")
    parser.add_argument("--data-dir", type=Path, help="keep the world here; needs SANDBOX_KEY")
    parser.add_argument("--flood", action="store_true", help="Telegram's flood control")
    parser.add_argument("--no-seed-people", action="store_true", help="begin without people")
    given = parser.parse_args(arguments)
    try:
        sandbox = Sandbox(
            given.host,
            given.port,
            given.token,
            given.data_dir,
            _cipher() if given.data_dir else None,
            flood=FloodLimits() if given.flood else None,
            seed=not given.no_seed_people,
        )
        asyncio.run(_serve(sandbox))
    except SandboxError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


async def _serve(sandbox: Sandbox) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    # One line, flushed: the process that started this one waits for it.
    sys.stdout.write(f"{await sandbox.start()}\n")
    sys.stdout.flush()
    await stopped.wait()
    await sandbox.stop()


def _cipher() -> AesGcmCipher:
    try:
        key = base64.b64decode(os.environ.get(KEY_VARIABLE, ""), validate=True)
    except binascii.Error:
        key = b""
    if len(key) != 32:
        raise SandboxError(
            f"{KEY_VARIABLE} must hold 32 bytes in base64 when a data directory is given."
        )
    return AesGcmCipher(key)


if __name__ == "__main__":
    sys.exit(main())
