"""Every text the bot can say, by name.

A plain text is a `str`. A text with placeholders has a type of its own that is called with them,
so that the type checker sees a placeholder that was forgotten or misspelt.
"""

# ruff: noqa: TC001  (the catalog reads these types when it loads a language)

from __future__ import annotations

from dataclasses import dataclass

from bot.locales.templates import (
    AboutText,
    AlertText,
    AskedText,
    ContactText,
    CountText,
    EmergencyText,
    HandleText,
    HoursText,
    LevelText,
    ModelText,
    NoteText,
    PoliceAndLinesText,
    PoliceText,
    RegionText,
    TakenText,
    UserText,
)


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of one language; the file of the language has exactly these keys."""

    # First contact
    start: str
    begin_sleep: str
    begin_heavy: str
    begin_talk: str
    begun_sleep: str
    begun_heavy: str
    begun_talk: str
    start_trial: str
    help: str
    group_hint: str
    unknown_command: str

    # Forgetting, by the person
    reset_ask: str
    reset_ask_memory: str
    reset_yes: str
    reset_all: str
    reset_no: str
    reset_done: str
    reset_done_all: str
    reset_nothing: str
    reset_kept: str

    # Forgetting, by an admin
    admin_only: str
    admin_reset_usage: str
    admin_reset_ask_user: UserText
    admin_reset_ask_all: str
    admin_confirm: str
    admin_cancel: str
    admin_reset_done_user: UserText
    admin_reset_done_all: CountText
    admin_cancelled: str
    admin_unknown_user: UserText
    admin_expired: str

    # Messages that are not text
    unsupported_photo: str
    unsupported_voice: str
    unsupported_video: str
    unsupported_sticker: str
    unsupported_document: str
    unsupported_location: str
    unsupported_contact: str
    unsupported_poll: str
    unsupported_other: str
    unsupported_in_danger: EmergencyText
    caption_note: str

    # A turn and its buttons
    button_stop: str
    button_redo: str
    button_retry: str
    stopped_suffix: str
    stopped: str
    withdrawn: str
    nothing_to_stop: str
    stop_unsure: str
    redo_not_last: str
    redo_limit: CountText
    error_retry: str
    error_filtered: str
    error_once_more: str

    # Having to wait
    wait_engine: str
    wait_long: str
    wait_place: CountText
    wait_limit: CountText
    retention_notice: CountText

    # The person's data
    data_privacy: str
    export_caption: str
    export_nothing: str
    export_private: str
    erase_ask: str
    erase_yes: str
    erase_no: str
    erase_done: str
    erase_kept: str
    button_expired: str

    # What people think of an answer, and whether that may help to train
    rate_thanks_up: str
    rate_thanks_down: str
    wrong_long: str
    wrong_lost: str
    wrong_preachy: str
    wrong_cold: str
    rate_undone: str
    rate_gone: str
    rate_not_now: str
    rate_invite: str
    rate_rewritten: str
    train_ask: str
    train_what: str
    train_button_yes: str
    train_button_no: str
    train_button_what: str
    train_button_back: str
    train_yes: str
    train_no: str
    train_state_yes: str
    train_state_no: str

    # Whom to call in danger now, where no number is confirmed
    emergency_local: str
    police_local: str
    ambulance_local: str
    or_word: str

    # What people are told about the bot and asked about themselves
    care_first: str
    care_session: str
    care_return: str
    care_reminder: str
    care_break: str
    care_leaning: str
    care_elderly: PoliceText
    care_ask_age: str
    care_ask_age_again: str
    care_age_adult: str
    care_age_minor: str
    care_age_unsaid: str
    care_age_teen: str
    care_age_child: str
    care_age_thanks: str
    care_age_change: str
    care_age_left: str
    care_minor: PoliceAndLinesText
    care_child: str
    care_guardian_yes: str
    care_guardian_no: str
    care_guardian_unsafe: str
    care_guardian_thanks: str
    care_guardian_later: str
    care_home_unsafe: PoliceAndLinesText
    care_safety: str
    command_safety: str

    # What is said by a reviewed text whatever model runs, see `bot.safety.occasions`
    said_human: str
    said_model: ModelText
    said_bye: str
    said_night: str
    said_bye_after_concern: str
    said_insult: str
    said_advance: str
    said_spam: str
    said_jailbreak: str
    said_lost_money: PoliceText

    # What answers here, and who runs it
    about: AboutText
    about_model_unknown: str
    about_no_contact: str
    about_contact: str
    command_about: str
    command_complain: str
    command_settings: str
    command_exercises: str

    # After a card: buttons, and asking after somebody; cards and questions are in `crisis`
    risk_button_safe: str
    risk_button_help: str
    risk_button_safe_discreet: str
    risk_button_help_discreet: str
    risk_button_region: str
    risk_safe: str
    risk_taken_back: str
    risk_not_yours: str
    risk_region_ask: str
    risk_region_done: RegionText
    risk_region_elsewhere_button: str
    risk_region_elsewhere: str
    risk_region_cn: str
    risk_region_tw: str
    risk_region_hk: str
    risk_region_mo: str
    risk_region_us: str
    risk_region_uk: str
    risk_region_au: str
    risk_region_sg: str
    risk_region_my: str
    risk_check_in: str
    risk_check_in_fine_button: str
    risk_check_in_talk_button: str
    risk_check_in_off_button: str
    risk_check_in_off: str

    # A human of the operators takes over
    desk_button_take: str
    desk_button_close: str
    desk_button_end: str
    desk_button_stay: str
    desk_button_pass: str
    desk_button_call: str
    desk_button_without: str
    desk_button_cancel: str
    desk_alert: AlertText
    desk_alert_asked: AskedText
    desk_alert_wants: str
    desk_alert_first: str
    desk_alert_next: CountText
    desk_alert_everyone: str
    desk_alert_passed: str
    desk_alert_declined: str
    desk_none: str
    desk_concern: str
    desk_high: str
    desk_imminent: str
    desk_taken: HandleText
    desk_over: HandleText
    desk_declined: HandleText
    desk_note: NoteText
    desk_note_nothing: str
    desk_close_ask: LevelText
    desk_admin_stays: HandleText
    desk_admin_passed: HandleText
    desk_admin_declined: HandleText
    desk_admin_took: TakenText
    desk_admin_closed: HandleText
    desk_admin_released: HandleText
    desk_busy: HandleText
    desk_gone: str
    desk_own: str
    desk_chat_unreachable: str
    desk_write_first: str
    desk_admins_only: str
    desk_nothing_to_close: str
    desk_person_taken: EmergencyText
    desk_person_closed: str
    desk_person_passed: str
    desk_person_declined: str
    desk_person_not_called: str
    desk_nobody_here: str
    desk_offer: str
    desk_human: str
    desk_human_silent: str
    desk_nobody: str
    desk_private: str
    desk_asked: str
    desk_here_already: str
    desk_unanswered: str
    command_human: str

    # In place of words of the model that nobody should read
    guard_at_risk: EmergencyText
    guard_danger: str
    guard_ask: str
    guard_dose: str
    guard_diagnosis: str
    guard_identity: str
    guard_contact: str
    guard_romance: str
    guard_bonding: str
    guard_delusion: str

    # Whom somebody wants to call
    contact_none: str
    contact_unclear: str
    contact_shown: ContactText
    contact_on_card: ContactText
    contact_delete: str
    contact_deleted: str
    contact_private: str
    command_contact: str

    # Commands that are for one person alone
    private_here: str
    private_open: str
    command_plan: str
    command_trusted: str
    command_care: str

    # Hotlines
    hotlines_title: str
    hotlines_emergency: str
    hotlines_all_day: str
    hotlines_limited: str
    hotlines_closing: str
    hotlines_elsewhere: str
    hours_at_least_18: str
    hours_range: HoursText
    hours_weekdays: HoursText
    hours_unconfirmed: str

    # The demo page
    demo_title: str
    demo_notice: EmergencyText
    demo_placeholder: str
    demo_send: str
    demo_clear: str
    demo_suggestions: str

    # Command menus
    command_start: str
    command_help: str
    command_stop: str
    command_reset: str
    command_memory: str
    command_privacy: str
    command_export: str
    command_erase: str
    command_help_now: str
    command_admin: str
    command_admin_reset: str
