"""The model card: what the model is made of, how good it is, and what it is not."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from training.evaluate.report import Metric

if TYPE_CHECKING:
    from collections.abc import Mapping

    from training.evaluate.report import Figure, Report

SOURCES: Final = {
    "smile": ("SmileChat", "https://github.com/qiuhuachuan/smile"),
    "psyqa": ("PsyQA", "https://github.com/thu-coai/PsyQA"),
    "cpsycoun": ("CPsyCounD", "https://github.com/CAS-SIAT-XinHai/CPsyCoun"),
    "feedback": ("本机器人用户同意提供、已去标识的反馈", ""),
}
_ROWS: Final = {
    Metric.LOSS: "loss (nats a token)",
    Metric.PERPLEXITY: "perplexity",
    Metric.BLEU: "BLEU-4",
    Metric.ROUGE: "ROUGE-L",
    Metric.BERT: "BERTScore",
    Metric.DISTINCT_1: "Distinct-1",
    Metric.DISTINCT_2: "Distinct-2",
    Metric.LENGTH: "characters of an answer",
    Metric.REPETITION: "repetition",
    Metric.QUESTIONS: "answers that ask",
    Metric.BLOCKED: "answers the guard stops",
    Metric.BLOCKED_IN_DANGER: "the same, to messages of danger",
    Metric.ASKS_IN_DANGER: "asks about safety, to messages of danger",
}


@dataclass(frozen=True, slots=True)
class About:
    """What the publisher says."""

    repository: str
    base: str
    """The base model's name on a hub, as the licence wants it named."""
    licence: str
    """As hubs write it; `other` with a link below for InternLM2's weights."""
    is_quantized: bool


def model_card(about: About, manifest: Mapping[str, Any], report: Report) -> str:
    """Markdown with the hubs' front matter; no sentence of a dialogue is in it."""
    stages = manifest["stages"]
    return "\n".join(
        [
            *_front_matter(about),
            f"# {about.repository.split('/')[-1]}",
            "",
            "会倾听的 AI 陪伴助手「树洞」所用的模型"
            + (
                "（W4A16 量化，供 LMDeploy TurboMind 使用）。"
                if about.is_quantized
                else "（16 位）。"
            ),
            "A Chinese model for the companion bot Shudong; "
            + ("W4A16 for LMDeploy's TurboMind." if about.is_quantized else "16 bits."),
            "",
            "## 它不是什么",
            "",
            "它是 AI，不是人，不是咨询师，也不是医生；不作诊断，不给治疗或用药建议，"
            "不能代替专业帮助。"
            "**不要单独使用它面对处于危险中的人**：树洞在模型之前有危险识别和人工审核过的求助卡片，"
            "在模型之后有回答检查；这些不在权重里。没有临床专业人员评审过它的回答。",
            "",
            "It is an AI and no counsellor, therapist or doctor. Do not put it alone before people"
            " in danger: the bot's detector, reviewed cards and guard are not in the weights.",
            "",
            "## 数据",
            "",
            *_data(stages["prepare"]["metrics"]),
            "",
            "有危险信号的对话不用于训练。已按开场问题划分训练集与留出集。",
            "Dialogues with signs of danger were taken out of training.",
            "",
            "## 配方",
            "",
            *_recipe(about, manifest),
            "",
            "## 评测",
            "",
            *_figures(report),
            "",
            "## 局限",
            "",
            "语料多由模型改写生成，不是真实的心理咨询；只评测了中文。回答可能出错、重复或编造。"
            "上表的指标在留出对话上自动算出，不能说明对一个人有没有帮助。",
            "",
            "## 使用",
            "",
            "系统提示词必须与训练时一致（`inference/persona.py`；`shudong.json` 记有它的指纹）。",
            "",
            "```sh",
            "python -m inference serve . --trust-remote-code"
            if about.is_quantized
            else "lmdeploy serve api_server . --trust-remote-code",
            "```",
            "",
        ]
    )


def _front_matter(about: About) -> list[str]:
    fields = {
        "language": ["zh"],
        "license": about.licence,
        "base_model": about.base,
        "pipeline_tag": "text-generation",
        "tags": ["shudong", "companion", "xtuner", *(["awq", "lmdeploy"] * about.is_quantized)],
    }
    return [
        "---",
        *(f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in fields.items()),
        "---",
        "",
    ]


def _data(metrics: Mapping[str, Any]) -> list[str]:
    rows = ["| 语料 | 许可 | 训练 | 留出 | SHA-256 |", "|---|---|---:|---:|---|"]
    for name, corpus in metrics["corpora"].items():
        title, address = SOURCES.get(name, (name, ""))
        link = f"[{title}]({address})" if address else title
        splits = metrics["dialogues"].get(name, {})
        rows.append(
            f"| {link} | {corpus['licence']} | {splits.get('train', 0):,} "
            f"| {splits.get('held-out', 0):,} | `{corpus['sha256'][:16]}` |"
        )
    return rows


def _recipe(about: About, manifest: Mapping[str, Any]) -> list[str]:
    stages, recipe = manifest["stages"], manifest.get("recipe", {})
    trained = stages["train"]["metrics"]
    rows = {
        "基座模型": about.base,
        "配置": manifest["config"],
        **{str(name): _words(value) for name, value in recipe.items()},
        "训练步数": trained.get("steps", ""),
        "损失": f"{trained.get('loss_at_first', '')} → {trained.get('loss_at_last', '')}",
        "软件": _versions(stages["train"]["reads"]["versions"]),
    }
    quantized = stages.get("quantize")
    if about.is_quantized and quantized:
        rows["量化"] = (
            "AWQ W4A16，分组 128；每个词的损失增加 "
            + f"{quantized['metrics']['loss_increase']:.4f} nats；"
            + _versions(quantized["reads"]["versions"])
        )
    code = stages["train"].get("made_with", {})
    if "commit" in code:
        rows["代码版本"] = code["commit"] + ("（有改动）" if code["changed"] else "")
    return ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())]


def _figures(report: Report) -> list[str]:
    names = [column.name for column in report.columns]
    rows = [f"| | {' | '.join(names)} |", "|---|" + "---:|" * len(names)]
    for metric, words in _ROWS.items():
        found = [column.figures.get(metric) for column in report.columns]
        if any(found):
            rows.append(f"| {words} | {' | '.join(_figure(one) for one in found)} |")
    return [
        *rows,
        "",
        f"{report.dialogues} held-out dialogues, {report.answers} answers, {report.risk_prompts} "
        f"messages of danger; seed {report.seed}; in brackets 95% intervals by dialogue.",
    ]


def _figure(figure: Figure | None) -> str:
    if figure is None:
        return ""
    if figure.low is None or figure.high is None:
        return f"{figure.value:.3g}"
    return f"{figure.value:.3g} ({figure.low:.3g}–{figure.high:.3g})"


def _versions(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def _words(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
