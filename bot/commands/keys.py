"""Keys: which there are, who has them, and what is to be done next to rotate them.

A rotation in which no replica ever meets a text it cannot read, whatever dies in between:

    the new key last, everywhere ──> first, everywhere ──> reencrypt ──> take the old away

Where it stands is read from keys, texts and replicas, so it can be broken off and begun again.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bot.app import storage_options
from bot.commands.opened import opened, require_keys
from bot.errors import StartupError
from bot.storage import (
    Cipher,
    Replicas,
    count_by_key,
    count_old,
    generate_key,
    reencrypt,
    utc_now,
    verify_keys,
)
from bot.storage.store import KEY_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bot.settings import Settings
    from bot.storage import Database, ReplicaReport

Step = Literal["add", "restart", "promote", "reencrypt", "remove"]


@dataclass(frozen=True, slots=True)
class KeyState:
    """What is known of keys: those at hand (the first encrypts), texts by key, replicas."""

    key_ids: tuple[str, ...]
    texts: Mapping[str, int]
    replicas: Sequence[ReplicaReport]

    @property
    def live(self) -> list[ReplicaReport]:
        """The replicas that run."""
        return [replica for replica in self.replicas if replica.is_live]

    def next_step(self) -> Step:
        """What is to be done next."""
        if len(self.key_ids) == 1:
            return "add"
        if self._is_new(self.key_ids[-1]):
            has_all = all(self.key_ids[-1] in replica.key_ids for replica in self.live)
            return "promote" if has_all else "restart"
        if any(replica.key_ids[:1] != self.key_ids[:1] for replica in self.live):
            return "restart"
        if sum(self.texts.values()) > self.texts.get(self.key_ids[0], 0):
            return "reencrypt"
        return "remove"

    def _is_new(self, key_id: str) -> bool:
        """Whether a key has encrypted nothing, and no replica ever would have with it."""
        was_first = any(replica.key_ids[:1] == (key_id,) for replica in self.replicas)
        return not self.texts.get(key_id) and not was_first


async def status(settings: Settings) -> str:
    """Keys, texts, replicas, and the next step of a rotation.

    Raises:
        StartupError: the database cannot be read.
    """
    async with opened(settings) as database:
        cipher = require_keys(storage_options(settings))
        state = await _state(database, cipher)
    missing = {key: count for key, count in state.texts.items() if key not in state.key_ids}
    lines = ["keys at hand; the first encrypts"]
    lines += [f"  {key}  {state.texts.get(key, 0)} texts" for key in state.key_ids]
    lines += [f"  {key}  {count} texts, AND IT IS NOT AT HAND" for key, count in missing.items()]
    lines.append("replicas that run")
    lines += [
        f"  {one.id}  {one.version}  seen {one.seen_at:%H:%M:%S} UTC  {' '.join(one.key_ids)}"
        for one in state.live
    ] or ["  none"]
    return "\n".join([*lines, f"next: {_told(state.next_step(), settings)}"])


async def rotate(settings: Settings) -> str:
    """Do what is to be done next; with a key file and no bot that runs, all of it.

    Raises:
        StartupError: the database cannot be read or written, or the key file not.
    """
    options = storage_options(settings)
    async with opened(settings) as database:
        while True:
            cipher = require_keys(options)
            await verify_keys(database, cipher)
            await Replicas(database, utc_now).note_command(cipher)
            state = await _state(database, cipher)
            step = state.next_step()
            if step == "reencrypt":
                await _rewrite(database, cipher)
            elif settings.encryption_keys or step == "restart":
                return _told(step, settings)
            else:
                _change_file(options.data_dir / KEY_FILE, step)
            if step == "remove":
                return "The rotation is done; the old key is in the key file no more."
            if state.live and step != "reencrypt":
                return f"Done: {step}. Restart every replica, then run this again."


async def reencrypt_all(settings: Settings) -> str:
    """Rewrite every stored text with the first key; returns a sentence that says how many.

    Raises:
        StartupError: the database cannot be reached, a key it was written with is missing, or a
            replica that runs could not read what is written.
    """
    async with opened(settings) as database:
        cipher = require_keys(storage_options(settings))
        await verify_keys(database, cipher)
        state = await _state(database, cipher)
        without = [one.id for one in state.live if cipher.key_ids[0] not in one.key_ids]
        if without:
            raise StartupError(
                f"The replica {without[0]} does not have key {cipher.key_ids[0]}, and could read "
                "nothing of what would be written; start it again with this key first."
            )
        await Replicas(database, utc_now).note_command(cipher)
        rewritten = await _rewrite(database, cipher)
        left = await count_old(database, cipher)
    said = f"{rewritten} stored texts were rewritten with the newest key."
    if left:
        said += f" {left} cannot be read and were left: damaged, or moved from where they belong."
    return said


async def _rewrite(database: Database, cipher: Cipher) -> int:
    rewritten = 0
    async for total in reencrypt(database, cipher):
        rewritten = total
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[K{rewritten} rewritten")
    return rewritten


async def _state(database: Database, cipher: Cipher) -> KeyState:
    return KeyState(
        cipher.key_ids,
        await count_by_key(database),
        await Replicas(database, utc_now).list_all(),
    )


def _told(step: Step, settings: Settings) -> str:
    by_file = not settings.encryption_keys
    match step:
        case "add" if by_file:
            return "nothing is due; `keys rotate` begins a rotation"
        case "add":
            return (
                "nothing is due; a rotation begins by a key of `keys new`, put LAST into "
                "ENCRYPTION_KEYS of every replica, and a restart of each"
            )
        case "restart":
            return "restart every replica with the keys as they stand here, then look again"
        case "promote" if by_file:
            return "every replica has the new key: `keys rotate` puts it first"
        case "promote":
            return (
                "every replica has the new key: put it FIRST into ENCRYPTION_KEYS of each, and "
                "restart one after the other"
            )
        case "reencrypt":
            return "run `keys reencrypt`; the bot may run"
        case "remove" if by_file:
            return "nothing needs the old keys: `keys rotate` takes them away"
        case "remove":
            return (
                "nothing that is stored needs the other keys: take all but the first out of "
                "ENCRYPTION_KEYS; backups from before need them still"
            )


def _change_file(path: Path, step: Step) -> None:
    """Add a new key last, put the last first, or keep the first alone; whole or not at all."""
    keys = path.read_text("ascii").split()
    match step:
        case "add":
            keys.append(generate_key())
        case "promote":
            keys = [keys[-1], *keys[:-1]]
        case "remove":
            keys = keys[:1]
    draft = path.with_name(f"{path.name}.new")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write("\n".join(keys) + "\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise StartupError(f"{path} cannot be written ({error.strerror}).") from None
