"""Which of the bot's commands, names and descriptions a person sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.sandbox.model import Chat, Json, Person
    from bot.sandbox.world import World


def scope_key(scope: Json) -> str | None:
    """One string for a `BotCommandScope`; None for a type that does not exist."""
    match scope.get("type"):
        case (
            "default" | "all_private_chats" | "all_group_chats" | "all_chat_administrators" as kind
        ):
            return str(kind)
        case "chat" | "chat_administrators" as kind:
            return f"{kind}:{scope.get('chat_id')}"
        case "chat_member":
            return f"chat_member:{scope.get('chat_id')}:{scope.get('user_id')}"
        case _:
            return None


def commands_for(world: World, person: Person, chat: Chat) -> list[Json]:
    """The menu of one person in one chat: the narrowest scope that has commands wins."""
    if chat.kind == "private":
        scopes = [f"chat:{chat.id}", "all_private_chats", "default"]
    else:
        admin = [f"chat_administrators:{chat.id}"] if person.is_admin else []
        all_admins = ["all_chat_administrators"] if person.is_admin else []
        scopes = [
            f"chat_member:{chat.id}:{person.id}",
            *admin,
            f"chat:{chat.id}",
            *all_admins,
            "all_group_chats",
            "default",
        ]
    for scope in scopes:
        for language in (_two_letters(person), ""):
            found = world.settings.get(f"commands/{scope}/{language}", {}).get("commands")
            if found:
                return list(found)
    return []


def profile_for(world: World, person: Person) -> Json:
    """The bot as this person sees it: id, username, name, description, short description."""

    def text(field: str) -> str:
        for language in (_two_letters(person), ""):
            found = world.settings.get(f"{field}/{language}", {}).get("text")
            if found:
                return str(found)
        return ""

    return {
        "id": world.bot.id,
        "username": world.bot.username,
        "name": text("name") or world.bot.name,
        "description": text("description"),
        "short_description": text("short_description"),
    }


def _two_letters(person: Person) -> str:
    return person.language.partition("-")[0].lower()
