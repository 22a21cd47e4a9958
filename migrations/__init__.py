"""The history of the database schema, applied by Alembic.

`REVISIONS` lists every revision, oldest first; the program needs the last one. It is written out so
that a bot that starts can compare without loading Alembic.
"""

from typing import Final

REVISIONS: Final = (
    "0001",
    "0002",
    "0003",
    "0004",
    "0005",
    "0006",
    "0007",
    "0008",
    "0009",
    "0010",
    "0011",
    "0012",
    "0013",
    "0014",
    "0015",
    "0016",
    "0017",
    "0018",
    "0019",
    "0020",
    "0021",
    "0022",
    "0023",
    "0024",
    "0025",
    "0026",
    "0027",
    "0028",
)

OLDEST_COMPATIBLE: Final = "0019"
"""The oldest revision whose program works on the newest tables, beside its successor or after a
roll-back. A revision that takes away what that program uses (a column, a table, a value that may be
missing) raises it to its own number; `docs/deploy.md` tells when such a one may be released."""
