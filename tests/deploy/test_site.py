"""The documentation as a site: every setting is in it, no link of it is broken."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from bot.settings import Settings
from devtools.site import ALL, REST, documented_settings, on_page_markdown, with_settings

ROOT = Path(__file__).parents[2]
EXAMPLE = """\
# Copy me.

# --- Telegram ----
# The token from | @BotFather,
# and nothing else.
TELEGRAM_BOT_TOKEN=

# --- Storage ----
DATA_DIR=data
"""


def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "mkdocs", "--quiet", "build", "--strict"),
            *("--config-file", str(ROOT / "deploy/site/mkdocs.yml"), "--site-dir", str(tmp_path)),
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    page = (tmp_path / "configure/index.html").read_text("utf-8")
    chinese = (tmp_path / "zh/configure/index.html").read_text("utf-8")
    for name in Settings.model_fields:
        assert f"<code>{name.upper()}</code>" in page
        assert f"<code>{name.upper()}</code>" in chinese


def test_a_setting_has_its_section_and_its_comment() -> None:
    token, folder = documented_settings(EXAMPLE)
    assert (token.section, token.text) == (
        "Telegram",
        "The token from | @BotFather, and nothing else.",
    )
    assert (folder.name, folder.section, folder.text) == ("DATA_DIR", "Storage", "")


def test_a_page_gets_all_settings_or_those_it_does_not_name() -> None:
    page = with_settings(ALL, EXAMPLE)
    assert "## Telegram" in page
    assert "The token from \\| @BotFather" in page
    assert "| `DATA_DIR` | `data` | *Expected: a folder this user may write to.* |" in page
    rest = with_settings(f"| `TELEGRAM_BOT_TOKEN` | 令牌 |\n{REST}", EXAMPLE)
    assert "`DATA_DIR`" in rest
    assert rest.count("TELEGRAM_BOT_TOKEN") == 1


def test_links_stay_inside_the_site() -> None:
    assert (
        on_page_markdown("see [it](../benchmarks/README.md#x)") == "see it (`benchmarks/README.md`)"
    )
    assert on_page_markdown("[it](../safety.md#duties)") == "[it](../safety.md#duties)"
    assert on_page_markdown("[it](safety.md)") == "[it](safety.md)"


def test_lines_of_chinese_are_joined_without_a_space() -> None:
    assert (
        on_page_markdown("没有它，\n  谁也读不了\nand so\non。")
        == "没有它，谁也读不了\nand so\non。"
    )
    assert on_page_markdown("一段\n\n又一段\n| 表 |") == "一段\n\n又一段\n| 表 |"
