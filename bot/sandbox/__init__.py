"""A local Telegram: the Bot API over HTTP and a chat page, on this machine only.

sandbox = Sandbox("127.0.0.1", 8081, token, data_dir, cipher)
url = await sandbox.start()     # the chat page; bots use sandbox.base_url
sandbox.people.say(1001, "你好")
await sandbox.stop()
"""

from bot.sandbox.calls import Call
from bot.sandbox.errors import ActError, SandboxError
from bot.sandbox.faults import Fault
from bot.sandbox.flood import FloodLimits
from bot.sandbox.model import Clock, Message, Person
from bot.sandbox.people import ADMIN_ID
from bot.sandbox.server import Sandbox
from bot.sandbox.store import StoreCipher

__all__ = [
    "ADMIN_ID",
    "ActError",
    "Call",
    "Clock",
    "Fault",
    "FloodLimits",
    "Message",
    "Person",
    "Sandbox",
    "SandboxError",
    "StoreCipher",
]
