"""What is in memory before `tests.forked` forks: imports, and what each bot reads at its start."""

from __future__ import annotations

import gc

import alembic.command  # noqa: F401 - the bot imports it late
import uvloop  # noqa: F401 - and uvicorn this

import bot.app
import bot.sandbox.server  # noqa: F401
from bot.locales import Language, texts_for
from bot.safety.detector import first_reader

first_reader()
for language in Language:
    texts_for(language)
# A child collects its own garbage only, and shares the pages of the rest.
gc.freeze()
