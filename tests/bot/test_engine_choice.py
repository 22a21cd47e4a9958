"""Which engine answers, by the settings alone."""

import pytest

from bot.engines import build_engine
from bot.settings import Settings, load_settings
from inference.lmdeploy import LMDeployEngine
from inference.local import LocalEngine
from inference.openai import OpenAIEngine


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch, tmp_path):
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({}, LocalEngine),
        ({"LMDEPLOY_URLS": "http://10.0.0.5:23333/v1"}, LMDeployEngine),
        ({"OPENAI_URLS": "https://api.deepseek.com"}, OpenAIEngine),
    ],
)
async def test_an_address_decides(monkeypatch, given, kind):
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    engine = build_engine(load_settings())
    assert type(engine) is kind
    await engine.aclose()
