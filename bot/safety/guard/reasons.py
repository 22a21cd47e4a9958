"""Why words of the model are blocked."""

from __future__ import annotations

from enum import StrEnum


class BlockReason(StrEnum):
    """Why words are blocked; the value is counted and logged, never the words."""

    METHOD = "method"
    """Means, places, amounts and steps by which people hurt or starve themselves."""
    HARM = "harm"
    """Encouraging, praising or agreeing to death or violence."""
    DOSE = "dose"
    """Amounts of drugs; advice to take or stop one."""
    DIAGNOSIS = "diagnosis"
    """Telling people which illness they have."""
    IDENTITY = "identity"
    """Claiming to be a human, a counsellor, a doctor; a life of one's own."""
    CONTACT = "contact"
    """Numbers, addresses and accounts that are not in hotlines.toml."""
    ROMANCE = "romance"
    """Being the lover or relative of a minor; sexual role-play with anybody."""
    BONDING = "bonding"
    """Holding somebody back who leaves; with minors, praise of closeness, longing, "come back"."""
    SECRECY = "secrecy"
    """Promising to keep a danger secret, or asking for it."""
    DELUSION = "delusion"
    """Confirming a persecution or a commanding voice."""
    ENDING = "ending"
    """Leaving somebody who has just said that they are in danger."""
    PRESSURE = "pressure"
    """Minimising, blaming or flattering somebody in danger."""
    LEADING = "leading"
    """Asking about danger so that only "no" can be answered."""
