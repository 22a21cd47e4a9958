"""What people keep dialogues in: every layout, in every container, and whatever may be broken."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import tarfile
import tempfile
import zipfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.corpora.conversations import conversation_records, parse_conversation
from training.corpora.dialogue import Role
from training.corpora.files import CorpusFormatError

if TYPE_CHECKING:
    from collections.abc import Callable

    from training.corpora.dialogue import Dialogue

Pairs = list[tuple[str, str]]
PAIRS: Pairs = [("最近睡不好", "多久了？"), ("两周", "我在听。")]
PERSONA = "你是一个助手。"


def turns(pairs: Pairs, who: str, what: str, client: str, counselor: str) -> list[dict[str, str]]:
    return [
        {who: name, what: text}
        for pair in pairs
        for name, text in zip((client, counselor), pair, strict=True)
    ]


def messages(pairs: Pairs) -> Any:
    system = {"role": "system", "content": PERSONA}
    return {"messages": [system, *turns(pairs, "role", "content", "user", "assistant")]}


def with_parts(pairs: Pairs) -> Any:
    content = messages(pairs)
    for message in content["messages"]:
        message["content"] = [{"type": "text", "text": message["content"]}]
    return content


def sharegpt(pairs: Pairs) -> Any:
    return {
        "id": "a",
        "system": PERSONA,
        "conversations": turns(pairs, "from", "value", "human", "gpt"),
    }


def xtuner(pairs: Pairs) -> Any:
    conversation = [{"input": asked, "output": answered} for asked, answered in pairs]
    conversation[0]["system"] = PERSONA
    return {"conversation": conversation}


def swift(pairs: Pairs) -> Any:
    *history, (query, response) = pairs
    return {"system": PERSONA, "query": query, "response": response, "history": history}


def alpaca(pairs: Pairs) -> Any:
    *history, (asked, answered) = pairs
    return {"instruction": asked, "input": "", "output": answered, "history": history}


def firefly(pairs: Pairs) -> Any:
    conversation = [{"human": asked, "assistant": answered} for asked, answered in pairs]
    return {"conversation_id": 1, "category": "x", "conversation": conversation}


def smile(pairs: Pairs) -> Any:
    return {"id": "0", "dialogue": turns(pairs, "role", "content", "client", "counselor")}


def bare(pairs: Pairs) -> Any:
    return turns(pairs, "role", "content", "user", "assistant")


LAYOUTS: dict[str, tuple[str, Callable[[Pairs], Any]]] = {
    "messages": ("OpenAI messages", messages),
    "parts": ("OpenAI messages", with_parts),
    "sharegpt": ("ShareGPT", sharegpt),
    "xtuner": ("XTuner conversation", xtuner),
    "swift": ("swift query/response", swift),
    "alpaca": ("alpaca", alpaca),
    "firefly": ("human/assistant", firefly),
    "smile": ("SmileChat", smile),
    "bare": ("list of messages", bare),
}


def as_lines(items: list[Any], path: Path) -> Path:
    path = path / "talks.jsonl"
    path.write_text("".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items), "utf-8")
    return path


def as_lines_named_json(items: list[Any], path: Path) -> Path:
    return as_lines(items, path).rename(path / "talks.json")


def as_list(items: list[Any], path: Path) -> Path:
    (path / "talks.JSON").write_text("\ufeff" + json.dumps(items), "utf-8")
    return path / "talks.JSON"


def as_pretty_list(items: list[Any], path: Path) -> Path:
    (path / "talks.json").write_text(json.dumps(items, indent=2, ensure_ascii=False), "utf-8")
    return path / "talks.json"


def as_pretty_list_named_lines(items: list[Any], path: Path) -> Path:
    return as_pretty_list(items, path).rename(path / "talks.jsonl")


def as_wrapped(items: list[Any], path: Path) -> Path:
    (path / "talks.json").write_text(json.dumps({"version": 1, "data": items}), "utf-8")
    return path / "talks.json"


def as_files(items: list[Any], path: Path) -> Path:
    (path / "talks" / "deep").mkdir(parents=True)
    for number, item in enumerate(items):
        (path / "talks/deep" / f"{number:03}.json").write_text(json.dumps(item), "utf-8")
    (path / "talks/README.md").write_text("# talks", "utf-8")
    return path / "talks"


def as_xz(items: list[Any], path: Path) -> Path:
    data = as_lines(items, path).read_bytes()
    (path / "talks.jsonl.xz").write_bytes(lzma.compress(data))
    return path / "talks.jsonl.xz"


def as_gz(items: list[Any], path: Path) -> Path:
    data = as_list(items, path).read_bytes()
    (path / "talks.json.gz").write_bytes(gzip.compress(data))
    return path / "talks.json.gz"


def as_zip(items: list[Any], path: Path) -> Path:
    with zipfile.ZipFile(path / "talks.zip", "w") as archive:
        archive.write(as_lines(items, path), "data/talks.jsonl")
        archive.writestr("__MACOSX/._talks.jsonl", b"\x00\x05")
        archive.writestr("README.md", "# talks")
    return path / "talks.zip"


def as_zip_in_folder(items: list[Any], path: Path) -> Path:
    (path / "folder").mkdir()
    as_zip(items, path).rename(path / "folder/talks.zip")
    return path / "folder"


def as_tar(items: list[Any], path: Path) -> Path:
    data = as_pretty_list(items, path).read_bytes()
    with tarfile.open(path / "talks.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("data/talks.json")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return path / "talks.tar.gz"


CONTAINERS = (
    as_lines, as_lines_named_json, as_list, as_pretty_list, as_pretty_list_named_lines, as_wrapped,
    as_files, as_xz, as_gz, as_zip, as_zip_in_folder, as_tar,
)  # fmt: skip


def read(path: Path) -> tuple[list[Dialogue], Counter[str]]:
    """The dialogues, and how many records could not be taken, by cause."""
    found: list[Dialogue] = []
    causes: Counter[str] = Counter()
    for record in conversation_records(path):
        try:
            found += parse_conversation(record)
        except CorpusFormatError as error:
            causes[error.reason] += 1
    return found, causes


def pairs_of(dialogue: Dialogue) -> Pairs:
    assert [turn.role for turn in dialogue.turns[::2]] == [Role.CLIENT] * (len(dialogue.turns) // 2)
    texts = [turn.text for turn in dialogue.turns]
    return [*zip(texts[::2], texts[1::2], strict=True)]


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_read_from_every_container(
    layout: str, container: Callable[[list[Any], Path], Path], tmp_path: Path
) -> None:
    name, write = LAYOUTS[layout]
    talks = [PAIRS, [("在吗", "我在。")], [*PAIRS, ("嗯", "慢慢说。")]]
    found, causes = read(container([write(pairs) for pairs in talks], tmp_path))
    assert [pairs_of(dialogue) for dialogue in found] == talks
    assert {dialogue.layout for dialogue in found} == {name}
    assert causes == {}
    assert len({dialogue.id for dialogue in found}) == len(talks)


TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
TALKS = st.lists(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=3), min_size=1, max_size=4)


@settings(max_examples=60, deadline=None)
@given(TALKS, st.sampled_from(sorted(LAYOUTS)), st.sampled_from(CONTAINERS))
def test_what_is_written_is_read(
    talks: list[Pairs], layout: str, container: Callable[[list[Any], Path], Path]
) -> None:
    write = LAYOUTS[layout][1]
    with tempfile.TemporaryDirectory() as folder:
        found, causes = read(container([write(pairs) for pairs in talks], Path(folder)))
    assert [pairs_of(dialogue) for dialogue in found] == talks
    assert causes == {}


GOOD = json.dumps(messages(PAIRS), ensure_ascii=False).encode()
NAMES = ("a.json", "a.jsonl", "a.zip", "a.tar", "a.tar.xz", "a.jsonl.gz", "a.json.xz", "a.parquet")
JUNK = st.one_of(
    st.binary(max_size=200),
    st.lists(
        st.sampled_from(
            [GOOD, b"[", b"]", b"{", b"}", b",", b"\n", b'"', b"\xff\xfe", b"\xef\xbb\xbf", b"null",
             b"[" * 3000, '{"a": "好'.encode("gbk"), b'{"messages": "x"}', b"\x00", b"1e999", b"-"]
        ),
        max_size=8,
    ).map(b"".join),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(JUNK, st.sampled_from(NAMES))
def test_whatever_bytes_are_in_a_file_it_ends_with_counts(junk: bytes, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / name).write_bytes(junk)
        (Path(folder) / "good.jsonl").write_bytes(GOOD)
        found, causes = read(Path(folder))
    assert any(pairs_of(dialogue) == PAIRS for dialogue in found if dialogue.id == "good-1")
    assert all("睡不好" not in cause for cause in causes)


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from([as_zip, as_tar, as_xz, as_gz]))
def test_a_damaged_archive_ends_with_counts(
    data: st.DataObject, container: Callable[[list[Any], Path], Path]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = container([messages(PAIRS)] * 20, Path(folder))
        content = bytearray(path.read_bytes())
        for _ in range(3):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
        found, causes = read(path)
    assert found or causes or not content


@pytest.mark.parametrize("container", [as_lines, as_list, as_pretty_list, as_lines_named_json])
def test_one_broken_record_costs_itself_alone(
    container: Callable[[list[Any], Path], Path], tmp_path: Path
) -> None:
    path = container([messages([(f"第{n}个", "我在。")]) for n in range(5)], tmp_path)
    text = path.read_text("utf-8").replace("第2个", '第2"个').replace("\\u7b2c2", '\\u7b2c2"')
    path.write_text(text, "utf-8")
    found, causes = read(path)
    assert len(found) == 4
    assert causes == {"not valid JSON": 1}


def test_one_broken_character_costs_its_record_alone(tmp_path: Path) -> None:
    data = as_pretty_list([messages([(f"第{n}个", "我在。")]) for n in range(5)], tmp_path)
    data.write_bytes(data.read_bytes().replace("第2".encode(), b"\xb5\xda2"))
    found, causes = read(data)
    assert len(found) == 4
    assert sum(causes.values()) == 1
    assert "UTF-8" in next(iter(causes))


@pytest.mark.parametrize("encoding", ["gbk", "utf-16"])
def test_another_encoding_is_named(encoding: str, tmp_path: Path) -> None:
    for container in (as_lines, as_pretty_list):
        path = container([messages(PAIRS)], tmp_path)
        path.write_text(path.read_text("utf-8"), encoding)
        found, causes = read(path)
        assert found == []
        assert encoding.upper() in next(iter(causes))


@pytest.mark.parametrize(
    ("item", "cause"),
    [
        ({"messages": [{"role": "user", "content": 5}]}, "text is none"),
        ({"messages": [{"role": "wizard", "content": "a"}]}, "not known"),
        ({"messages": [{"content": "a"}]}, "without its speaker"),
        ({"messages": ["a"]}, "no object"),
        ({"messages": [{"role": "tool", "content": "a"}]}, "a tool's turn"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "pictures"),
        ({"query": "a", "response": "b", "history": "c"}, "history"),
        ({"text": "a"}, "no layout"),
        ([1], "no object"),
        (5, "neither"),
        ({"messages": [{"role": "assistant", "content": "a", "weight": 0}]}, "learn from"),
    ],
)
def test_what_is_no_dialogue_says_why_and_quotes_nothing(
    item: object, cause: str, tmp_path: Path
) -> None:
    (tmp_path / "a.jsonl").write_text(f"{json.dumps(item)}\n{GOOD.decode()}\n", "utf-8")
    found, causes = read(tmp_path)
    assert len(found) == 1
    assert cause in next(iter(causes))


def test_what_is_not_downloaded_and_what_is_no_json_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0")
    (tmp_path / "b.parquet").write_bytes(b"PAR1")
    (tmp_path / "c.json").write_bytes(b" \n")
    found, causes = read(tmp_path)
    assert found == []
    assert len(causes) == 3
    assert any("LFS" in cause for cause in causes)


def test_a_locked_entry_of_an_archive_costs_itself_alone(tmp_path: Path) -> None:
    path = as_zip([messages(PAIRS)], tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("locked.json", GOOD)
    data = bytearray(path.read_bytes())
    for sign, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.rindex(sign) + offset] |= 1
    path.write_bytes(data)
    found, causes = read(path)
    assert len(found) == 1
    assert causes == {"encrypted": 1}


def test_answers_that_are_none_to_learn_from_are_left_as_what_was_said() -> None:
    talk = messages([("a", "b"), ("c", "d"), ("e", "f")])["messages"]
    talk[-1]["weight"] = 0
    talk[2]["weight"] = 0
    with tempfile.TemporaryDirectory() as folder:
        found, _ = read(as_lines([{"messages": talk}], Path(folder)))
    [dialogue] = found
    assert pairs_of(dialogue) == [("a", "b"), ("c", "d")]
    assert dialogue.last_only


def test_a_rejected_answer_is_a_preference(tmp_path: Path) -> None:
    found, _ = read(as_lines([{**swift(PAIRS), "rejected_response": "想开点。"}], tmp_path))
    assert found[0].rejected == ("想开点。",)
    assert found[0].last_only
