"""Fetching from hubs as they are: broken, slow to answer, cut off, wrong."""

import pytest

from inference.fetch.errors import FetchError
from inference.fetch.fetching import fetch
from inference.fetch.hubs import TRIES
from tests.inference.fetch.conftest import CONTENT, HUGGING_FACE, MODEL_SCOPE
from tests.inference.fetch.hub import Hub

PART = ".better.gguf.part"


@pytest.fixture
def pauses():
    return []


@pytest.fixture
def bring(model, teller, tmp_path, monkeypatch, pauses):
    """Fetch from one hub, or from two, into a folder."""

    def run(hub, other=None, **options):
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        if other is not None:
            monkeypatch.setenv("MODELSCOPE_DOMAIN", other.url)
        sources = (HUGGING_FACE, MODEL_SCOPE) if other is not None else (HUGGING_FACE,)
        return fetch(model(*sources), tmp_path, teller, sleep=pauses.append, **options)

    return run


def test_a_whole_file_comes_with_progress(bring, tmp_path, teller):
    with Hub(CONTENT, redirects=True) as hub:
        place = bring(hub)
    assert place == tmp_path / "better.gguf"
    assert place.read_bytes() == CONTENT
    assert [one.name for one in tmp_path.iterdir()] == ["better.gguf"]
    assert hub.asked[0] == ("/people/model/resolve/main/better.gguf", None)
    assert (teller.told[-1].source, teller.told[-1].done) == ("Hugging Face", len(CONTENT))
    assert [one.done for one in teller.told] == sorted(one.done for one in teller.told)


def test_what_is_there_already_is_proved_and_not_asked_for(bring, tmp_path):
    (tmp_path / "better.gguf").write_bytes(CONTENT)
    with Hub(b"other") as hub:
        assert bring(hub).read_bytes() == CONTENT
    assert hub.asked == []


def test_another_file_at_its_place_is_replaced(bring, tmp_path):
    (tmp_path / "better.gguf").write_bytes(CONTENT[:-1] + b"!")
    with Hub(CONTENT) as hub:
        assert bring(hub).read_bytes() == CONTENT


def test_a_line_that_is_cut_goes_on_where_it_broke(bring, pauses):
    with Hub(CONTENT, cuts=(1_200_000, 700_000)) as hub:
        assert bring(hub).read_bytes() == CONTENT
    begins = [int(asked.removeprefix("bytes=")[:-1]) for _, asked in hub.asked[1:]]
    assert begins == [1_200_000, 1_900_000]
    assert len(pauses) == 2


def test_what_was_fetched_is_kept_for_the_next_time(bring, tmp_path):
    with Hub(CONTENT, cuts=(1_500_000, *[0] * TRIES)) as hub, pytest.raises(FetchError) as caught:
        bring(hub)
    assert "goes on where it stopped" in str(caught.value)
    assert (tmp_path / PART).read_bytes() == CONTENT[:1_500_000]
    assert not (tmp_path / "better.gguf").exists()
    with Hub(CONTENT) as hub:
        assert bring(hub).read_bytes() == CONTENT
    assert [asked for _, asked in hub.asked] == ["bytes=1500000-"]


def test_a_hub_that_knows_no_ranges_begins_anew(bring):
    with Hub(CONTENT, knows_ranges=False, cuts=(1_000_000,)) as hub:
        assert bring(hub).read_bytes() == CONTENT
    assert len(hub.asked) == 2


def test_pauses_get_longer_while_nothing_comes_and_then_it_is_given_up(bring, pauses):
    with Hub(CONTENT, status=503) as hub, pytest.raises(FetchError, match="Hugging Face"):
        bring(hub)
    assert len(hub.asked) == TRIES
    assert pauses == [2.0, 4.0, 8.0, 16.0]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_is_final_and_the_next_source_is_asked(bring, teller, pauses, status):
    with Hub(b"", status=status) as hub, Hub(CONTENT) as other:
        assert bring(hub, other).read_bytes() == CONTENT
    assert len(hub.asked) == 1
    assert pauses == []
    assert other.asked[0][0] == "/models/people/model/resolve/master/better.gguf"
    assert f"Hugging Face: it answers with status {status}." in teller.sentences


def test_nothing_that_answers_is_told_by_its_name(bring, model, teller, tmp_path):
    with pytest.raises(FetchError, match=r"Hugging Face: nothing answers there.*--from FILE"):
        fetch(model(), tmp_path, teller)


def test_wrong_bytes_are_refused_and_removed(bring, tmp_path, teller):
    wrong = CONTENT[:-1] + bytes([CONTENT[-1] ^ 1])
    with Hub(wrong) as hub, pytest.raises(FetchError, match="not those of the catalogue"):
        bring(hub)
    assert not (tmp_path / "better.gguf").exists()
    assert (tmp_path / PART).stat().st_size == 0


def test_after_wrong_bytes_the_next_source_begins_from_nothing(bring):
    wrong = bytes(len(CONTENT))
    with Hub(wrong) as hub, Hub(CONTENT) as other:
        assert bring(hub, other).read_bytes() == CONTENT
    assert other.asked[0][1] is None


def test_a_beginning_that_was_wrong_does_not_spoil_a_right_source(bring, tmp_path):
    (tmp_path / PART).write_bytes(bytes(1_000_000))
    with Hub(CONTENT) as hub:
        assert bring(hub).read_bytes() == CONTENT
    assert [asked for _, asked in hub.asked] == ["bytes=1000000-", None]


@pytest.mark.parametrize("size", [10, len(CONTENT) + 1])
def test_a_file_of_another_size_is_not_even_read(bring, tmp_path, size):
    with Hub(bytes(size)) as hub, pytest.raises(FetchError, match="and not 3,000,000"):
        bring(hub)
    assert (tmp_path / PART).stat().st_size == 0


def test_a_hub_that_sends_more_than_it_said_is_stopped(bring):
    with Hub(CONTENT + b"more", announced=len(CONTENT)) as hub:
        assert bring(hub).read_bytes() == CONTENT


def test_another_range_than_was_asked_for_is_not_taken(bring, tmp_path):
    (tmp_path / PART).write_bytes(CONTENT[:1000])
    with Hub(CONTENT, range_begins=999) as hub, pytest.raises(FetchError, match="another range"):
        bring(hub)


def test_a_part_that_is_longer_than_the_file_is_begun_anew(bring, tmp_path):
    (tmp_path / PART).write_bytes(bytes(len(CONTENT) + 5))
    with Hub(CONTENT) as hub:
        assert bring(hub).read_bytes() == CONTENT
    assert hub.asked[0][1] is None


def test_the_proxy_of_the_environment_is_asked(bring, monkeypatch):
    with Hub(CONTENT) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "")

        class Elsewhere:
            url = "http://hub.invalid"

        assert bring(Elsewhere).read_bytes() == CONTENT
    assert proxy.asked[0][0] == "http://hub.invalid/people/model/resolve/main/better.gguf"
