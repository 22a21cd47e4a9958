"""The context window that memory allows."""

import pytest

from inference.local.gguf_header import ModelHeader
from inference.local.limits import available_memory
from inference.local.sizing import MIN_CONTEXT, context_that_fits

QWEN = ModelHeader("q", 32_768, True, False, 1_777_088_000, 2 * 28 * 2 * 128)
SIZE = 1_117_320_768


@pytest.mark.parametrize(
    ("memory", "window"),
    [
        (24_000_000_000, 8192),
        (2_450_000_000, 8192),
        (2_000_000_000, 4096),
        (500_000_000, MIN_CONTEXT),
    ],
)
def test_the_window_is_as_long_as_memory_allows(memory, window):
    found = context_that_fits(QWEN, SIZE, slots=4, max_context=8192, memory=memory)
    assert found == pytest.approx(window, abs=256)
    assert found % 256 == 0


def test_neither_the_operators_limit_nor_the_models_is_passed():
    assert context_that_fits(QWEN, SIZE, slots=4, max_context=1000, memory=1 << 40) == 1000
    assert context_that_fits(QWEN, SIZE, slots=1, max_context=10**6, memory=1 << 40) == 32_768
    unknown = ModelHeader("q", 512, True, False)
    assert context_that_fits(unknown, 10, slots=4, max_context=8192, memory=0) == 512


def test_free_memory_is_the_least_of_what_machine_and_container_leave(tmp_path):
    own, meminfo = tmp_path / "own", tmp_path / "meminfo"
    own.write_text("0::/\n")
    meminfo.write_text("MemTotal: 9999 kB\nMemAvailable:    2000 kB\n")
    assert available_memory(tmp_path, own, meminfo) == 2000 * 1024
    (tmp_path / "memory.max").write_text("1000000\n")
    (tmp_path / "memory.current").write_text("900000\n")
    (tmp_path / "memory.stat").write_text("anon 1\ninactive_file 50000\n")
    assert available_memory(tmp_path, own, meminfo) == 150_000
    (tmp_path / "memory.max").write_text("max\n")
    meminfo.unlink()
    assert available_memory(tmp_path, own, meminfo) > 10_000_000
