"""A small replay through everything: processes, engine, Telegram, SQL."""

import json
from pathlib import Path

import pytest

from benchmarks import replay
from benchmarks.dialogues import read_monologues

DIALOGUES = Path(__file__).with_name("dialogues.jsonl")


def test_a_replay_through_the_real_bot_finds_no_fault(tmp_path, capsys):
    figures = tmp_path / "figures.json"
    arguments = [str(DIALOGUES), "--engine", "fake", "--people", "3", "--json", str(figures)]

    status = replay.main(arguments)

    captured = capsys.readouterr()
    assert status == 0, captured
    assert "time to first text, p50 / p99" in captured.out
    found = json.loads(figures.read_text())
    assert found["flawless"]
    assert (found["dialogues"], found["turns"], found["answered"]) == (3, 6, 6)
    assert found["crisis_cards"] == 1
    assert found["to_final_text_p99"] >= found["to_first_text_p50"] > 0


def test_only_the_clients_words_are_played():
    first, second, third = read_monologues(DIALOGUES, 300)
    assert [len(monologue.texts) for monologue in (first, second, third)] == [3, 1, 2]
    assert [monologue.id for monologue in read_monologues(DIALOGUES, 2)] == ["1", "2"]


def test_the_published_layout_is_read_too(tmp_path):
    utterances = [{"role": "client", "content": " 睡不着 "}, {"role": "counselor", "content": "嗯"}]
    (tmp_path / "7.json").write_text(json.dumps(utterances, indent=1))
    (monologue,) = read_monologues(tmp_path / "7.json", 300)
    assert monologue.texts == ("睡不着",)
    assert read_monologues(tmp_path, 300) == [monologue]


def test_what_telegram_would_change_is_left_out(tmp_path):
    lines = [
        {"id": number, "dialogue": [{"role": "client", "content": text}]}
        for number, text in enumerate(["/stop", "长" * 4097, "", "长" * 4096])
    ]
    path = tmp_path / "dialogues.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines))
    assert [monologue.id for monologue in read_monologues(path, 300)] == ["3"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "There is no file or folder"),
        ("", "holds no dialogue"),
        ("{", "not in SmileChat's format"),
        ('{"id": 1, "dialogue": [{"role": "nobody", "content": "私密"}]}', "not in SmileChat's"),
    ],
)
def test_a_file_that_cannot_be_played_is_one_sentence(tmp_path, capsys, content, sentence):
    path = tmp_path / "dialogues.jsonl"
    if content is not None:
        path.write_text(content)
    assert replay.main([str(path)]) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1
    assert "私密" not in error


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--engine", "http://127.0.0.1:1", "ends in /v1"),
        ("--people", "0", "--people: found 0, expected at least 1."),
        ("--kill-every", "-1", "--kill-every: found -1, expected 0 or more."),
    ],
)
def test_a_wrong_option_is_one_sentence(capsys, option, value, sentence):
    assert replay.main([str(DIALOGUES), option, value]) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1
