"""What survives a kill."""

import pytest

from training.evaluate.ledger import Ledger

TASK = {"model": "a", "seed": 7}


@pytest.fixture
def path(tmp_path):
    found = tmp_path / "answers" / "a.jsonl"
    with Ledger(found, TASK) as ledger:
        ledger.put("one", {"text": "第一"})
        ledger.put("two", None)
    return found


def test_what_was_done_is_there_again(path):
    with Ledger(path, TASK) as ledger:
        assert ledger["one"] == {"text": "第一"}
        assert "two" in ledger
        assert ledger["two"] is None
        assert "three" not in ledger


def test_it_is_on_the_disk_before_the_file_is_closed(tmp_path):
    with Ledger(tmp_path / "a.jsonl", TASK) as ledger:
        ledger.put("one", 1)
        assert b'"one"' in (tmp_path / "a.jsonl").read_bytes()


@pytest.mark.parametrize("cut", range(1, 25))
def test_a_line_that_a_kill_cut_off_is_done_again(path, cut):
    path.write_bytes(path.read_bytes()[:-cut])
    with Ledger(path, TASK) as ledger:
        assert "one" in ledger
        assert "two" not in ledger
        ledger.put("two", 2)
    with Ledger(path, TASK) as ledger:
        assert (ledger["one"], ledger["two"]) == ({"text": "第一"}, 2)


def test_another_task_begins_anew(path):
    with Ledger(path, TASK | {"seed": 8}) as ledger:
        assert "one" not in ledger
    with Ledger(path, TASK) as ledger:
        assert "one" not in ledger


def test_a_file_that_is_none_of_ours_is_begun_anew(path):
    path.write_text("not ours\n[]\n")
    with Ledger(path, TASK) as ledger:
        ledger.put("one", 1)
    with Ledger(path, TASK) as ledger:
        assert ledger["one"] == 1
