from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from inference.dispatch import dispatch
from inference.persona import SYSTEM_PROMPT
from tests.training.prepare.made_up import smile_line, smile_records
from training.__main__ import COMMANDS
from training.corpora.dialogue import Dialogue, Role, Turn
from training.corpora.files import CorpusFormatError, Record
from training.corpora.openings import opening_key
from training.prepare import near
from training.prepare.finish import PrepareError
from training.prepare.outcome import Options
from training.prepare.run import TOLD, prepare

if TYPE_CHECKING:
    from training.prepare.tally import CorpusTally

OPTIONS = Options(held_out_share=0.1, calibration_share=0.05)


def line(identifier: object, *texts: str) -> Record:
    return Record(f"x.jsonl, line {identifier}", "1", True, smile_line(identifier, list(texts)))


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(row) for row in path.read_text("utf-8").splitlines()]


def decisions(out: Path) -> dict[str, dict[str, object]]:
    return {row["id"]: row for row in rows(out / "decisions.jsonl")}


def openings(out: Path, name: str) -> list[str]:
    if name == "train.json":
        return [one["conversation"][0]["input"] for one in json.loads((out / name).read_bytes())]
    return [one["messages"][1]["content"] for one in rows(out / name)]


def key(opening: str) -> str:
    return opening_key(Dialogue("test", "1", (Turn(Role.CLIENT, opening),)))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("prepared")
    prepare({"smile": smile_records(600, per_opening=3)}, out, OPTIONS)
    return out


def test_training_file_is_xtuners_conversation_with_our_persona(prepared: Path) -> None:
    conversations = json.loads((prepared / "train.json").read_bytes())

    assert len(conversations) > 300
    for one in conversations:
        first, *others = one["conversation"]
        assert list(first) == ["system", "input", "output", "output_with_loss"]
        assert all(pair["output_with_loss"] is True for pair in one["conversation"])
        assert first["system"] == SYSTEM_PROMPT
        assert all(list(pair) == ["input", "output", "output_with_loss"] for pair in others)
    assert "咨询师" not in SYSTEM_PROMPT


def test_held_out_and_calibration_are_chat_messages(prepared: Path) -> None:
    for row in rows(prepared / "held-out.jsonl"):
        assert list(row) == ["source", "id", "messages"]
    for name in ("held-out.jsonl", "calibration.jsonl"):
        found = rows(prepared / name)
        assert found
        for row in found:
            roles = [message["role"] for message in row["messages"]]
            assert roles == ["system", *["user", "assistant"] * 3]


def test_no_opening_is_in_two_splits(prepared: Path) -> None:
    splits = [
        {key(opening) for opening in openings(prepared, name)}
        for name in ("train.json", "held-out.jsonl", "calibration.jsonl")
    ]

    assert all(splits)
    assert len(set.union(*splits)) == sum(map(len, splits))


def test_no_held_out_opening_is_nearly_one_that_was_seen(tmp_path: Path) -> None:
    # The same question behind another greeting: its first letters differ, so its group does.
    greetings = ("你好，", "您好老师，", "在吗？", "大家好，", "请问一下，", "")
    asked = [f"和第{number}个室友吵架之后她三天没有理我了我该怎么办才好呢" for number in range(150)]
    records = [
        line(
            f"{number}-{index}",
            f"{greeting}{question}",
            "听起来很难受。",
            f"嗯{number}{index}",
            "嗯",
        )
        for number, question in enumerate(asked)
        for index, greeting in enumerate(greetings)
    ]
    records += list(smile_records(400))

    prepare({"smile": records}, tmp_path, OPTIONS)

    seen = openings(tmp_path, "train.json") + openings(tmp_path, "calibration.jsonl")
    held_out = openings(tmp_path, "held-out.jsonl")
    seen_rows = near.signatures(seen, near.OPENINGS)
    closest = [
        max(near.similarity(row, other) for other in seen_rows)
        for row in near.signatures(held_out, near.OPENINGS)
    ]
    assert held_out
    assert max(closest) < 0.7
    left_out = [row.get("left_out") for row in decisions(tmp_path).values()]
    assert "opening close to one that is trained on" in left_out


def files_of(out: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in out.iterdir()}


def test_twice_the_same_bytes_whatever_the_number_of_workers(
    prepared: Path, tmp_path: Path
) -> None:
    prepare({"smile": smile_records(600, per_opening=3)}, tmp_path, OPTIONS, workers=2)

    assert files_of(tmp_path) == files_of(prepared)


def test_manifest_names_the_hash_of_every_file(prepared: Path) -> None:
    manifest = json.loads((prepared / "manifest.json").read_text("utf-8"))
    found = files_of(prepared)
    del found["manifest.json"]

    assert {name: one["sha256"] for name, one in manifest["files"].items()} == found
    assert manifest["corpora"]["smile"]["records"] == 600


@pytest.mark.parametrize("nothing", [[], [Record("x", "1", True, b"{")]])
def test_a_corpus_of_which_nothing_is_read_is_refused_beside_a_good_one(
    tmp_path: Path, nothing: list[Record]
) -> None:
    with pytest.raises(PrepareError, match=r"psyqa: (nothing was found|none of 1 records)"):
        prepare({"smile": smile_records(300), "psyqa": nothing}, tmp_path, OPTIONS)
    assert not (tmp_path / "manifest.json").exists()


def test_strict_refuses_a_malformed_record_and_leaves_no_manifest(
    prepared: Path, tmp_path: Path
) -> None:
    out = Path(shutil.copytree(prepared, tmp_path / "again"))
    bad = Record("x.jsonl, line 2", "2", True, b"{")

    with pytest.raises(CorpusFormatError, match=r"x\.jsonl, line 2: not valid JSON"):
        prepare({"smile": [bad, *smile_records(300)]}, out, OPTIONS, strict=True)

    assert not (out / "manifest.json").exists()
    assert not (out / ".work").exists()


def test_corpus_with_nothing_to_learn_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PrepareError, match="too few"):
        prepare({"smile": [line("1", "在吗")]}, tmp_path, OPTIONS)


HALF_A_CHARACTER = rb'{"id": 1, "dialogue": "\ud83d"}'
OF_ONE_CAUSE = 250
LONG = ["我想说说我的室友" + "她总是很晚才睡还开着灯" * 3, "听起来你很久没有睡好了" * 3]


@dataclass(frozen=True)
class Mixed:
    """A corpus with something of everything in it, prepared."""

    out: Path
    tally: CorpusTally
    told: list[str]


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Mixed:
    cut_off = b'{"id": 1, "dialogue": "\xe7\xa7\x81'
    records = [
        *(Record(f"x.jsonl, line {n}", str(n), True, cut_off) for n in range(OF_ONE_CAUSE)),
        Record("y.jsonl, line 1", "1", True, HALF_A_CHARACTER),
        line("a", *LONG),
        line("secret-1", "私密的话我不想活了", "嗯"),
        *smile_records(300),
        line("b", LONG[0], LONG[1] + "吧"),
    ]
    told: list[str] = []
    out = tmp_path_factory.mktemp("mixed")
    tallies = prepare({"smile": records}, out, OPTIONS, report=told.append)
    return Mixed(out, tallies["smile"], told)


def test_near_duplicate_goes_and_the_first_one_stays(mixed: Mixed) -> None:
    assert "left_out" not in decisions(mixed.out)["a"]
    assert decisions(mixed.out)["b"]["left_out"] == "near-duplicate"


def test_dialogue_of_danger_is_kept_for_testing_without_its_answers(mixed: Mixed) -> None:
    assert rows(mixed.out / "crisis.jsonl") == [
        {"source": "smile", "id": "secret-1", "opening": "私密的话我不想活了"}
    ]
    for name in ("train.json", "held-out.jsonl", "calibration.jsonl"):
        assert "不想活" not in (mixed.out / name).read_text("utf-8")


def test_malformed_records_are_reported_and_left_out(mixed: Mixed) -> None:
    problems = rows(mixed.out / "problems.jsonl")

    assert mixed.told[0] == "smile: x.jsonl, line 0: not valid JSON; left out"
    assert problems[0] == {
        "source": "smile",
        "place": "x.jsonl, line 0",
        "reason": "not valid JSON",
    }
    assert mixed.tally.unreadable == len(problems) == OF_ONE_CAUSE + 1


def test_a_half_character_costs_its_record_alone(mixed: Mixed) -> None:
    problems = rows(mixed.out / "problems.jsonl")

    assert [row["place"] for row in problems].count("y.jsonl, line 1") == 1
    assert mixed.tally.raw.dialogues == 300 + 3


def test_one_cause_is_reported_once_it_is_known_by_number(mixed: Mixed) -> None:
    of_one_cause = [line for line in mixed.told if "not valid JSON" in line]

    assert len(of_one_cause) == TOLD + 1
    assert of_one_cause[-1] == f"smile: {OF_ONE_CAUSE - TOLD} more: not valid JSON; left out"


def test_dialogues_of_ones_own_say_how_they_were_written_and_what_was_not_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    lines = [json.loads(record.data) for record in smile_records(200)]
    pairs = [one["dialogue"] for one in lines]
    names = {"client": "human", "counselor": "gpt"}
    sharegpt = [
        {"conversations": [{"from": names[t["role"]], "value": t["content"]} for t in talk]}
        for talk in pairs[:120]
    ]
    (folder / "a.json").write_text(json.dumps([*sharegpt, *[{"text": "?"}] * 9]), "utf-8")
    rest = [
        json.dumps({"query": asked["content"], "response": answered["content"]})
        for asked, answered, *_ in pairs[120:]
    ]
    (folder / "b.jsonl").write_text("\n".join([*rest, "{", "{"]), "utf-8")
    flags = ["--dialogues", str(folder), "--out", str(tmp_path / "out"), "--workers", "1"]

    assert dispatch("training", COMMANDS, ["prepare", *flags, "--held-out", "0.1"]) == 0

    told = capsys.readouterr()
    assert "(found: 120 ShareGPT, 80 swift query/response)" in told.out
    assert "11 unreadable" in told.out
    causes = [line for line in told.err.splitlines() if "left out" in line]
    assert len(causes) == 4
    assert any("8 more: no layout of dialogues that is known" in line for line in causes)
    card = (tmp_path / "out/README.md").read_text("utf-8")
    assert "written as ShareGPT" in card


def test_data_card_counts_what_was_read_and_names_ids_but_no_text(mixed: Mixed) -> None:
    card = (mixed.out / "README.md").read_text("utf-8")

    assert mixed.tally.raw.turns == 300 * 6 + 3 * 2
    assert mixed.tally.raw.pairs == 300 * 3 + 3
    assert mixed.tally.distinct_openings == 300 + 2
    assert mixed.tally.opening_groups == 150 + 2
    assert "smile/secret-1" in card
    assert "私密" not in card
    assert "55,165 + 2 x 56,032 = 167,229" in card
    for plot in ("lengths.png", "left-out.png"):
        assert (mixed.out / plot).read_bytes().startswith(b"\x89PNG")
        assert plot in card
