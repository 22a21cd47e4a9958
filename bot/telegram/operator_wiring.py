"""Puts together what operators do in the chat."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.telegram.features.admin.bans import BanDesk
from bot.telegram.features.admin.confirmations import Confirmations
from bot.telegram.features.admin.engine import EngineDesk
from bot.telegram.features.admin.invites import InviteDesk
from bot.telegram.features.admin.menu import OperatorMenu
from bot.telegram.features.admin.records import RecordBook
from bot.telegram.features.admin.roles import RoleDesk
from bot.telegram.features.admin.stats import StatsDesk
from bot.telegram.features.admin.switches import MaintenanceSwitch
from bot.telegram.features.broadcast.desk import BroadcastDesk
from bot.telegram.features.complaints.desk import ComplaintDesk

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.conversation.companion import Companion
    from bot.telegram.command_menus import CommandMenus
    from bot.telegram.context import Context, Incident
    from bot.telegram.feature import Feature
    from bot.telegram.features.access.admission import Admission
    from bot.telegram.features.admin.erasures import ErasureDesk
    from bot.telegram.features.handoff.desk import HandoffDesk
    from bot.telegram.turns.registry import RunningTurns


def build_operator_features(
    context: Context,
    *,
    companion: Companion,
    menus: CommandMenus,
    running_turns: RunningTurns,
    desk: HandoffDesk,
    admission: Admission,
    erasures: ErasureDesk,
    incidents: Callable[[], Sequence[Incident]],
    on_due: Callable[[], None],
) -> list[Feature]:
    """The commands of operators, with their menu and what is confirmed."""
    roles = RoleDesk(
        context,
        publish=menus.publish_for,
        withdraw=menus.withdraw,
        end_handovers=desk.end_unauthorised,
    )
    casts = BroadcastDesk(context, on_due=on_due)
    stats = StatsDesk(
        context,
        is_engine_ready=companion.ready,
        count_running=lambda: len(running_turns.unfinished),
    )
    menu = OperatorMenu(
        context,
        [
            *stats.acts,
            *EngineDesk(context, nodes=companion.nodes, is_ready=companion.ready).acts,
            *RecordBook(context, incidents=incidents).acts,
            *ComplaintDesk(context).acts,
            *InviteDesk(context).acts,
            *BanDesk(context, stop=running_turns.stop).acts,
            *roles.acts,
            *MaintenanceSwitch(context).acts,
            *casts.acts,
        ],
    )
    # Who is invited opens the link of a code, which is of the same name.
    menu.commands = [
        replace(command, run_by_link=admission.open_link, link_open_to_all=True)
        if command.name == "invite"
        else command
        for command in menu.commands
    ]
    confirmed = {"erase": erasures.confirmed, **casts.confirmed}
    return [menu, casts, Confirmations(context, confirmed)]
