"""What can stop the bot as a whole.

    BotError                a sentence for the operator: what was found, what to do next
    ├── SettingsError       a setting is wrong or missing                    (exit status 2)
    └── StartupError        the surroundings are not as the settings say     (exit status 1)

Rooms have trees of their own (`bot.storage.db.errors`, `inference.engine`); the composition root
turns what they raise at start into a `StartupError`.
"""


class BotError(Exception):
    """The bot cannot go on; the message says why and what to do, in one sentence."""

    exit_status = 1


class SettingsError(BotError):
    """A setting is wrong or missing; one line for each."""

    exit_status = 2


class StartupError(BotError):
    """A port, a folder, a token or a service is not as the settings say."""


def places(error: BaseException, most: int = 6) -> str:
    """Where an exception came from, innermost first: file, line and function, never its message."""
    frames = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}:{code.co_name}")
        trace = trace.tb_next
    return " < ".join(reversed(frames[-most:]))
