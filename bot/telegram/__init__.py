"""Telegram, and the only room that imports python-telegram-bot."""

import os

# Time-outs are timedeltas everywhere; without this the library warns at each RetryAfter.
os.environ.setdefault("PTB_TIMEDELTA", "1")
