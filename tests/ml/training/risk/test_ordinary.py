import json

from training.corpora.dialogue import Role
from training.risk.ordinary import client_turns, shares


def test_only_what_clients_say_is_counted(tmp_path):
    said = [
        (Role.CLIENT, "我不想活了"),
        (Role.COUNSELOR, "你想过自杀吗"),
        (Role.CLIENT, "今天下雨了"),
    ]
    dialogue = [{"role": role.value, "content": text} for role, text in said]
    corpus = tmp_path / "smile.jsonl"
    corpus.write_text(json.dumps({"id": 1, "dialogue": dialogue}), "utf-8")
    turns = client_turns(corpus)
    assert turns == ["我不想活了", "今天下雨了"]
    line = "2 of 2 client turns: concern 0 = 0.00%, high 1 = 50.00%, imminent 0 = 0.00%"
    assert list(shares(turns)) == [line, line]
