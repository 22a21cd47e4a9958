"""The corpus of danger: what its data statement says of its files."""

import json
import re
from importlib import resources
from itertools import chain

import pytest

from bot.safety.encoder.reader import AXES, PERSONS
from training.risk.encoder.examples import MEASURED_ONLY, THRESHOLD_WRITER, writers

FOLDER = resources.files("training.corpora.danger")
LEVELS = {"none", "concern", "high", "imminent"}
KINDS = set(
    re.findall(r"^- `([a-z-]+)`", FOLDER.joinpath("KINDS.md").read_text("utf-8"), re.MULTILINE)
)
TYPES = {"after-card", "rising", "falling", "harmless"}


def records(writer):
    lines = FOLDER.joinpath(f"{writer}.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def bare(text):
    return re.sub(r"\W", "", text)


@pytest.mark.parametrize("writer", writers())
def test_every_record_is_as_the_statement_says(writer):
    wrong = []
    for number, record in enumerate(records(writer), 1):
        well = record["writer"] == writer and record["kind"] in KINDS
        if "text" in record:
            well &= record["level"] in LEVELS and record["who"] in PERSONS
            well &= set(record["axes"]) <= set(AXES) and bool(record["text"].strip())
            well &= record["level"] != "none" or not record["axes"]
        else:
            said = [message for message in record["messages"] if message["role"] == "user"]
            well &= record["type"] in TYPES and len(said) >= 2
            well &= all(message["level"] in LEVELS for message in said)
        if not well:
            wrong.append(f"{writer}.jsonl:{number}")
    assert wrong == []


def test_ids_are_unique_and_no_line_stands_twice():
    everything = list(chain.from_iterable(map(records, writers())))
    ids = [record["id"] for record in everything]
    lines = [bare(record["text"]) for record in everything if "text" in record]
    assert len(set(ids)) == len(ids) > 20_000
    assert len(set(lines)) == len(lines)


def test_the_kinds_and_levels_are_all_there():
    lines = [record for writer in writers() for record in records(writer) if "text" in record]
    assert {record["kind"] for record in lines} == KINDS
    assert {record["level"] for record in lines} == LEVELS
    assert MEASURED_ONLY | {THRESHOLD_WRITER} < set(writers())
