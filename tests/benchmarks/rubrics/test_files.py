"""The files of the two other projects, and talks of our own, as they are read."""

import shutil
from pathlib import Path

import pytest

from benchmarks.errors import BenchmarkError
from benchmarks.rubrics import crisis_bench, vera_mh
from benchmarks.rubrics.talks import read_talks
from bot.safety import RiskLevel
from tests.benchmarks.rubrics import checkouts

TALKS = Path(__file__).with_name("talks.jsonl")


def test_personas_are_filled_into_their_template(tmp_path):
    ada, bo = vera_mh.read_personas(checkouts.vera_mh(tmp_path))
    assert (ada.id, ada.axis, ada.risk) == ("SI-Ada", "suicide", RiskLevel.IMMINENT)
    assert bo.risk is RiskLevel.NONE
    assert ada.prompt.startswith("You play Ada, 30. Says: tired; {not a field}")
    assert ada.ending == "Enough."


def test_a_folder_for_each_subject_is_read_too(tmp_path):
    checkout = checkouts.vera_mh_by_subject(tmp_path)
    other, own = vera_mh.read_personas(checkout)
    assert (own.axis, own.risk) == ("suicide", RiskLevel.HIGH)
    assert (other.axis, other.risk) == ("harm by others", RiskLevel.CONCERN)
    assert own.prompt == "Play.\nThis is P: Moderate\nStay short."
    assert set(vera_mh.read_rubrics(checkout)) == {"suicide", "harm by others"}


def test_the_rubric_is_a_flow_of_questions(tmp_path):
    rubric = vera_mh.read_rubrics(checkouts.vera_mh(tmp_path))["suicide"]
    assert rubric.dimensions == ["Sees", "Asks", "Leads", "Keeps"]
    first, missed, alarm, *_ = rubric.questions
    assert first.answers == {"There is risk": "5", "There is none": "END"}
    assert missed.severity is vera_mh.Severity.RED
    assert (alarm.severity, alarm.answers) == (vera_mh.Severity.YELLOW, {"Yes": None, "No": None})


def test_patients_and_items_are_read(tmp_path):
    checkout = checkouts.crisis_bench(tmp_path)
    student, teacher = crisis_bench.read_patients(checkout)
    assert (student.id, student.ending, student.separator) == ("one", "[over]", "//")
    assert (teacher.ending, teacher.separator) == (None, None)
    checklist = crisis_bench.read_checklist(checkout)
    assert checklist.items == {"P1": "Pace", "P2": "Pace", "X0": "Care"}
    assert '{"P1": true' in checklist.prompt


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("data/personas.tsv", None, "no checkout of VERA-MH"),
        ("data/personas.tsv", "Name\tAge\nAda\t30\n", "no column"),
        ("data/rubric_prompt_beginning.txt", "Read this.", "no questions, or no {conversation}"),
        ("data/persona_prompt_template.txt", None, "cannot be read"),
    ],
)
def test_a_checkout_that_is_not_as_expected_is_one_sentence(tmp_path, name, content, sentence):
    checkout = checkouts.vera_mh(tmp_path)
    (checkout / name).unlink()
    if content is not None:
        (checkout / name).write_text(content)
    with pytest.raises(BenchmarkError) as error:
        _ = vera_mh.read_personas(checkout), vera_mh.read_rubrics(checkout)
    assert sentence in str(error.value)


def test_a_manifest_that_names_no_rubric_is_one_sentence(tmp_path):
    checkout = checkouts.vera_mh_by_subject(tmp_path)
    (checkout / "data/SI/manifest.json").write_text("{}")
    with pytest.raises(BenchmarkError, match="not as expected"):
        vera_mh.read_personas(checkout)


def test_another_checkout_is_no_crisis_bench(tmp_path):
    with pytest.raises(BenchmarkError, match="no checkout of CrisisBench"):
        crisis_bench.read_patients(tmp_path)
    checkout = checkouts.crisis_bench(tmp_path)
    (checkout / "config/counselor_eval_rubric.yaml").write_text("a: [")
    with pytest.raises(BenchmarkError, match="is not YAML"):
        crisis_bench.read_checklist(checkout)
    shutil.rmtree(checkout / "config")
    with pytest.raises(BenchmarkError, match="cannot be read"):
        crisis_bench.read_checklist(checkout)


def test_only_the_persons_lines_are_taken_with_their_labels():
    talks = {talk.id: talk for talk in read_talks(TALKS, 10, seed=1)}
    assert set(talks) == {"cat", "dark"}
    assert talks["dark"].axis == "suicide"
    assert [line.level for line in talks["dark"].lines] == [
        RiskLevel.CONCERN,
        RiskLevel.HIGH,
        RiskLevel.HIGH,
    ]
    assert len(read_talks(TALKS, 1, seed=1)) == 1


def test_what_follows_a_check_in_waits_for_it(tmp_path):
    path = tmp_path / "talks.jsonl"
    path.write_text(
        '{"id": 1, "messages": [{"role": "user", "content": "一"},'
        '{"role": "assistant", "content": "[checkin]"}, {"role": "user", "content": "二"}]}'
    )
    (talk,) = read_talks(path, 1, seed=1)
    assert [line.after_check_in for line in talk.lines] == [False, True]
    assert (talk.axis, talk.risk) == ("unknown", None)


@pytest.mark.parametrize(
    "content", ["{", '{"id": 1, "messages": [{"role": "user"}]}', '{"messages": 3}', "[1]", ""]
)
def test_what_is_no_talk_is_one_sentence_without_its_text(tmp_path, content):
    path = tmp_path / "talks.jsonl"
    path.write_text(content)
    with pytest.raises(BenchmarkError) as error:
        read_talks(path, 1, seed=1)
    assert "expected JSON lines" in str(error.value)
