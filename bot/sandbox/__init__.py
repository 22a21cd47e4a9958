"""A local Telegram: the Bot API over HTTP and a chat page, on this machine only.

sandbox = Sandbox("127.0.0.1", 8081, token, data_dir, cipher)
url = await sandbox.start()     # the chat page; bots use sandbox.base_url
sandbox.people.say(1001, "你好")
await sandbox.stop()
"""

from .calls import Call
from .errors import ActError, SandboxError
from .faults import Fault
from .flood import FloodLimits
from .model import Clock, Message, Person
from .people import ADMIN_ID
from .server import Sandbox
from .store import Cipher

__all__ = [
    "ADMIN_ID",
    "ActError",
    "Call",
    "Cipher",
    "Clock",
    "Fault",
    "FloodLimits",
    "Message",
    "Person",
    "Sandbox",
    "SandboxError",
]
