from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bot.storage import BadKey, Cipher, KeyFileExposed, Place, WrongKey, generate_key
from bot.storage.db.encryption import load_or_create_key_file

if TYPE_CHECKING:
    from pathlib import Path

HERE = Place("turns.answer", (7,), user_id=42, chat_id=42, version_1=b"turns.answer:7")


def test_what_is_encrypted_is_decrypted() -> None:
    cipher = Cipher.from_keys([generate_key()])
    sealed = cipher.encrypt("我睡不着".encode(), HERE)
    assert cipher.decrypt(sealed, HERE).decode() == "我睡不着"
    assert "我睡不着".encode() not in sealed
    assert sealed != cipher.encrypt("我睡不着".encode(), HERE)


def test_a_ciphertext_belongs_to_its_place() -> None:
    cipher = Cipher.from_keys([generate_key()])
    sealed = cipher.encrypt(b"text", HERE)
    for elsewhere in (
        replace(HERE, column="turns.user_text"),
        replace(HERE, row=(8,)),
        replace(HERE, row=(7, 7)),
        replace(HERE, user_id=43),
        replace(HERE, chat_id=-42),
        replace(HERE, chat_id=None),
    ):
        with pytest.raises(WrongKey, match="damaged or moved"):
            cipher.decrypt(sealed, elsewhere)


def test_version_1_is_read_bound_as_it_was_and_never_written() -> None:
    key = generate_key()
    cipher = Cipher.from_keys([key])
    header = b"\x01" + cipher.header[1:]
    sealed = AESGCM(base64.b64decode(key)).encrypt(bytes(12), b"text", header + HERE.version_1)
    before = header + bytes(12) + sealed
    assert cipher.decrypt(before, HERE) == b"text"
    with pytest.raises(WrongKey, match="damaged or moved"):
        cipher.decrypt(before, replace(HERE, version_1=b"turns.answer:8"))
    with pytest.raises(WrongKey, match="damaged or moved"):
        cipher.decrypt(cipher.header + before[5:], HERE)
    with pytest.raises(WrongKey, match="damaged or moved"):
        cipher.decrypt(header + cipher.encrypt(b"text", HERE)[5:], HERE)


@pytest.mark.parametrize("position", [5, 20, -1])
def test_a_changed_ciphertext_is_refused(position: int) -> None:
    cipher = Cipher.from_keys([generate_key()])
    sealed = bytearray(cipher.encrypt(b"some text", HERE))
    sealed[position] ^= 1
    with pytest.raises(WrongKey):
        cipher.decrypt(bytes(sealed), HERE)


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x03" + bytes(60)])
def test_something_else_than_a_ciphertext_is_refused(sealed: bytes) -> None:
    with pytest.raises(WrongKey, match="format"):
        Cipher.from_keys([generate_key()]).decrypt(sealed, HERE)


def test_the_first_key_encrypts_and_all_decrypt() -> None:
    old, new = generate_key(), generate_key()
    written_before = Cipher.from_keys([old]).encrypt(b"text", HERE)
    rotated = Cipher.from_keys([new, old])
    assert rotated.decrypt(written_before, HERE) == b"text"
    assert Cipher.from_keys([new]).decrypt(rotated.encrypt(b"text", HERE), HERE) == b"text"
    with pytest.raises(WrongKey, match="add the old key"):
        Cipher.from_keys([new]).decrypt(written_before, HERE)


@pytest.mark.parametrize(
    "key", ["", "short", "!" * 44, base64.b64encode(bytes(31)).decode(), "树洞" * 20]
)
def test_a_malformed_key_is_named_by_its_position_and_never_shown(key: str) -> None:
    with pytest.raises(BadKey, match="Key 2 of ENCRYPTION_KEYS") as caught:
        Cipher.from_keys([generate_key(), key])
    assert not key or key not in str(caught.value)


def test_no_key_at_all_is_an_error() -> None:
    with pytest.raises(BadKey, match="python -m bot keys"):
        Cipher.from_keys([])


def test_a_key_file_is_made_private_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "encryption.key"
    keys = load_or_create_key_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_or_create_key_file(path) == keys
    Cipher.from_keys(keys)
    assert list(tmp_path.iterdir()) == [path]


def test_bots_that_start_together_share_one_key(tmp_path: Path) -> None:
    path = tmp_path / "encryption.key"
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(load_or_create_key_file, [path] * 24))
    assert len({tuple(key) for key in keys}) == 1


def test_a_key_file_can_hold_several_keys(tmp_path: Path) -> None:
    path = tmp_path / "encryption.key"
    old = load_or_create_key_file(path)
    new = generate_key()
    path.write_text("\n".join([new, *old]) + "\n")
    assert load_or_create_key_file(path) == [new, *old]


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "encryption.key"
    (key,) = load_or_create_key_file(path)
    path.chmod(0o640)
    with pytest.raises(KeyFileExposed, match="chmod 600") as caught:
        load_or_create_key_file(path)
    assert key not in str(caught.value)


def test_an_empty_key_file_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "encryption.key"
    path.touch(mode=0o600)
    with pytest.raises(BadKey, match="backup"):
        load_or_create_key_file(path)
    assert path.read_bytes() == b""
