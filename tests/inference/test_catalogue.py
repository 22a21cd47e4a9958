"""The catalogue of models: the one in the package, and what a wrong one says."""

import hashlib
import re

import pytest

from inference.catalogue import (
    CatalogueError,
    HubFile,
    PackageParts,
    load_catalogue,
    read_catalogue,
)
from inference.local import PACKAGED_MODEL

ADAPTER = """
[model.adapter]
file = "warm.gguf"
bytes = 3
sha256 = "{digest}"
licence = "Apache-2.0"
base_sha256 = "{base}"
"""


def entry(name="a", **changed):
    fields = {
        "name": f'"{name}"',
        "title": '"A"',
        "note": '{ zh = "甲", en = "a" }',
        "licence": '"Apache-2.0"',
        "licence_url": '"https://example.org/licence"',
        "file": f'"{name}.gguf"',
        "bytes": "250",
        "sha256": f'"{"a" * 64}"',
        "parameters": "1_500_000_000",
        "memory": "1000",
        "context": "512",
        "template": '"chatml"',
        "sampling": "{ temperature = 0.5 }",
        "source": '[{ kind = "hugging-face", repository = "a/b", revision = "main" }]',
        **changed,
    }
    return "[[model]]\n" + "\n".join(f"{key} = {value}" for key, value in fields.items() if value)


PACKAGED = entry("own", packaged='"local/model/shudong-small.gguf"', source="", memory="1")


def test_the_catalogue_in_the_package_is_right():
    catalogue = load_catalogue()
    assert [model.name for model in catalogue.models] == ["qwen2.5-coder-1.5b", "shudong-small"]
    better, packaged = catalogue.models
    assert packaged.packaged == PACKAGED_MODEL
    assert packaged.bytes == PACKAGED_MODEL.stat().st_size
    assert packaged.sha256 == hashlib.sha256(PACKAGED_MODEL.read_bytes()).hexdigest()
    assert better.is_trial
    assert packaged.is_trial
    hub, scope, mirror = better.sources
    assert isinstance(hub, HubFile)
    assert (hub.kind, scope.kind) == ("hugging-face", "modelscope")
    assert isinstance(mirror, PackageParts)  # nothing is known of it, so it comes last


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"sha256": '"abc"'}, "needs its size, SHA-256 and licence"),
        ({"licence": '""'}, "needs its size, SHA-256 and licence"),
        ({"bytes": "0"}, "needs its size, SHA-256 and licence"),
        ({"file": '"../a.gguf"'}, "bare name"),
        ({"file": '"a.bin"'}, "bare name"),
        ({"template": '"alpaca"'}, "no template called alpaca"),
        ({"note": '{ zh = "甲" }'}, "zh and en"),
        ({"source": "[]"}, "nowhere to fetch it from"),
        ({"source": '[{ kind = "ftp" }]'}, "no kind of source called ftp"),
        ({"sampling": "{ heat = 1 }"}, "heat"),
        ({"colour": '"red"'}, "colour"),
        ({"title": ""}, "title"),
        (
            {"source": '[{ kind = "packages", package = "p{number}", version = "1", parts = 2, '
             "part_bytes = 100 }]"},
            "do not come to its size",
        ),
    ],
)  # fmt: skip
def test_a_wrong_entry_says_which_and_why(changed, said):
    with pytest.raises(CatalogueError, match=re.escape(said)):
        read_catalogue(entry(**changed) + "\n" + PACKAGED)


def test_two_models_of_one_name_are_refused_and_so_is_a_catalogue_without_its_own():
    with pytest.raises(CatalogueError, match="one name or one file"):
        read_catalogue("\n".join((entry(), entry(), PACKAGED)))
    with pytest.raises(CatalogueError, match="come with the software"):
        read_catalogue(entry())
    with pytest.raises(CatalogueError, match="cannot be read"):
        read_catalogue("[[model")


def test_an_adapter_belongs_to_its_base():
    right = ADAPTER.format(digest="b" * 64, base="a" * 64)
    model = read_catalogue(f"{entry()}\n{right}\n{PACKAGED}").models[0]
    assert model.adapter.base_sha256 == model.sha256
    wrong = ADAPTER.format(digest="b" * 64, base="c" * 64)
    with pytest.raises(CatalogueError, match="another base"):
        read_catalogue(f"{entry()}\n{wrong}\n{PACKAGED}")


def test_the_best_model_is_the_first_that_is_there_whole_and_fits(tmp_path):
    catalogue = read_catalogue("\n".join((entry("big", memory="5000"), entry("mid"), PACKAGED)))
    assert catalogue.best_there(tmp_path, 10_000).name == "own"
    (tmp_path / "mid.gguf").write_bytes(bytes(250))
    (tmp_path / "big.gguf").write_bytes(bytes(249))
    assert catalogue.best_there(tmp_path, 10_000).name == "mid"
    (tmp_path / "big.gguf").write_bytes(bytes(250))
    assert catalogue.best_there(tmp_path, 10_000).name == "big"
    assert catalogue.best_there(tmp_path, 4000).name == "mid"
    assert catalogue.best_there(tmp_path, 500).name == "own"
    assert catalogue.best(10_000).name == "big"
    assert catalogue.best(500).name == "own"


def test_a_file_is_known_by_its_name_and_size(tmp_path):
    catalogue = read_catalogue("\n".join((entry("mid"), PACKAGED)))
    path = tmp_path / "mid.gguf"
    path.write_bytes(bytes(250))
    assert catalogue.of_file(path).name == "mid"
    assert catalogue.of_file(PACKAGED_MODEL).name == "own"
    path.write_bytes(b"another")
    assert catalogue.of_file(path) is None
    assert catalogue.named("mid").title == "A"
    assert catalogue.named("none") is None
