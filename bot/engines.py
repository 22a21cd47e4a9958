"""Which engine answers, as the settings name it, and the better one that might."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.better_model import BetterModel
from bot.errors import SettingsError
from inference.catalogue import CatalogueError, load_catalogue
from inference.changeable import ChangeableEngine
from inference.chat_completions import Timeouts
from inference.lmdeploy import LMDeployEngine
from inference.local import LocalEngine
from inference.local.limits import available_memory
from inference.openai import OpenAIEngine
from inference.persona import SYSTEM_PROMPT

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import SecretStr

    from bot.settings import Settings
    from inference.catalogue import Catalogue, ModelEntry
    from inference.engine import Engine


def build_engine(settings: Settings) -> Engine:
    """The servers whose addresses are given, else a model on this machine's CPU."""
    thinks = settings.engine_thinking == "on"
    if settings.openai_urls:
        return OpenAIEngine(
            settings.openai_urls,
            api_key=_revealed(settings.openai_api_key) or "",
            model_name=settings.model_name,
            context_window=settings.context_window,
            timeouts=_timeouts(settings, first_token=60, stall=20),
            extra_body=settings.openai_extra_body,
            thinks=thinks,
            proxy=_revealed(settings.engine_proxy) or "",
            ca_file=settings.engine_ca_file,
            max_concurrent=settings.engine_max_concurrency,
        )
    if settings.lmdeploy_urls:
        return LMDeployEngine(
            settings.lmdeploy_urls,
            api_key=_revealed(settings.lmdeploy_api_key) or "",
            model_name=settings.model_name,
            context_window=settings.context_window,
            timeouts=_timeouts(settings, first_token=60, stall=20),
            thinks=thinks,
            proxy=_revealed(settings.engine_proxy) or "",
            ca_file=settings.engine_ca_file,
            max_concurrent=settings.engine_max_concurrency,
        )
    return build_local_engine(
        settings, settings.local_model or _place(settings, best_there(settings))
    )


def build_local_engine(settings: Settings, model: Path) -> Engine:
    """A GGUF model on this machine's CPU."""
    return LocalEngine(
        model,
        max_context=settings.context_window,
        timeouts=_timeouts(settings, first_token=120, stall=60),
        adapter=settings.local_adapter,
        persona=SYSTEM_PROMPT,
        catalogue=load_models(settings),
    )


def load_models(settings: Settings) -> Catalogue:
    """The catalogue of models for the CPU.

    Raises:
        SettingsError: the operator's own cannot be read.
    """
    try:
        return load_catalogue(settings.model_catalogue)
    except CatalogueError as error:
        raise SettingsError(f"MODEL_CATALOGUE: {error}.") from None


def best_there(settings: Settings) -> ModelEntry:
    """The best model of the catalogue that was fetched and fits into the memory."""
    return load_models(settings).best_there(settings.models_dir, available_memory())


def _place(settings: Settings, entry: ModelEntry) -> Path:
    return entry.place(settings.models_dir)


def build_better_model(settings: Settings, engine: Engine) -> BetterModel | None:
    """What puts a better model behind `engine`, where there is one and no engine was named."""
    if settings.local_model or settings.lmdeploy_urls or settings.openai_urls:
        return None
    better = BetterModel(
        ChangeableEngine(engine),
        best_there(settings),
        load_models(settings),
        settings.models_dir,
        lambda entry: build_local_engine(settings, _place(settings, entry)),
        catalogue_file=settings.model_catalogue,
    )
    return better if better.is_offered else None


def _timeouts(settings: Settings, *, first_token: float, stall: float) -> Timeouts:
    return Timeouts(
        connect=settings.engine_connect_timeout,
        first_token=settings.engine_first_token_timeout or first_token,
        stall=settings.engine_stall_timeout or stall,
    )


def _revealed(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret is not None else None
