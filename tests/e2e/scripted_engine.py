"""LMDeploy's place is taken by a server that says what a test wrote for it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from devtools.engines.lmdeploy import FakeLMDeploy, Fault

if TYPE_CHECKING:
    from tests.e2e.spoken import Spoken

Prompt = list[dict[str, str]]


class ScriptedEngine:
    """Answers by what was said last; an echo where nothing is scripted.

    `fake` has the knobs for what goes wrong; `undo_faults` turns all of them back.
    """

    def __init__(self, spoken: Spoken) -> None:
        self.fake = FakeLMDeploy(answer=self._answer, choice=self._choice, context_window=32_768)
        self._found: dict[str, dict[str, float]] = {}
        self._spoken = spoken
        self._script: dict[str, list[str]] = {}
        self._server = ExitStack()
        self._port = 0
        self.start()

    @property
    def bot_settings(self) -> dict[str, str]:
        """What a bot has to be told to ask this engine."""
        # Most tests are of a model that may speak in danger; the others say so.
        trusted = {"MODELS_TRUSTED_AT_RISK": self.fake.model}
        return {"LMDEPLOY_URLS": self.fake.url, "CONTEXT_WINDOW": "32768"} | trusted

    def answers(self, said: str, *answers: str) -> None:
        """Answer what contains `said` with each of `answers` in turn, then with the last one."""
        self._script[said] = list(answers)
        for answer in answers:
            self._spoken.add(answer)

    def finds(self, said: str, **letters: float) -> None:
        """Asked how dangerous the talk is whose last line contains `said`, say these letters."""
        self._found[said] = letters

    def forgets(self, said: str) -> None:
        """Take back what was scripted for `said`."""
        del self._script[said]

    def prompts(self, said: str) -> list[Prompt]:
        """The prompts so far whose newest message contains `said`."""
        found = [body["messages"] for body in self.fake.requests]
        return [prompt for prompt in found if said in prompt[-1]["content"]]

    def hold_after(self, tokens: int) -> None:
        """Let every answer stop, and its stream stay open, after so many tokens."""
        self.fake.fault, self.fake.fault_after = Fault.STALL_MID_STREAM, tokens

    def undo_faults(self) -> None:
        """Be well again."""
        self.fake.fault, self.fake.status, self.fake.token_delay = Fault.NONE, 0, 0.0
        self.fake.choice_status, self.fake.choice_delay = 0, 0.0

    def start(self) -> None:
        """Listen, on the same port as before."""
        self._server.enter_context(self.fake.serve_in_thread(self._port))
        self._port = int(self.fake.url.rsplit(":", 1)[1].split("/")[0])

    def stop(self) -> None:
        """Break every connection and listen no more."""
        self._server.close()

    def _choice(self, messages: Prompt) -> dict[str, float]:
        last = messages[-1]["content"].rpartition("他：")[2]
        return next((found for said, found in self._found.items() if said in last), {"A": 1.0})

    def _answer(self, messages: Prompt) -> str:
        said = messages[-1]["content"]
        for wanted, answers in self._script.items():
            if wanted in said:
                return answers.pop(0) if len(answers) > 1 else answers[0]
        answer = f"我听见了：{said}"
        self._spoken.add(answer)
        return answer
