"""Writers that do to whoever asks them what a model may do. A test chooses one by ``settings.LLM_MODEL``."""

import json
from collections.abc import Callable
from typing import Any, Final

from csm_portal import wiring
from csm_portal.ports.errors import PortError, Trouble
from csm_portal.ports.writer import Writing, WritingTask

asked: list[WritingTask] = []


def broken(**settings: Any) -> Any:
    raise RuntimeError("The key sk-canary-7f3a is wrong for Quayside Foods.")


def _example(schema: dict[str, Any], whole: dict[str, Any], text: str) -> Any:
    """Return a value of the schema whose every text is ``text``."""
    if "$ref" in schema:
        return _example(whole["$defs"][schema["$ref"].rsplit("/", 1)[-1]], whole, text)
    if "anyOf" in schema:
        return _example(schema["anyOf"][0], whole, text)
    match schema.get("type"):
        case "object":
            return {name: _example(one, whole, text) for name, one in schema.get("properties", {}).items()}
        case "array":
            return [_example(schema["items"], whole, text) for _ in range(max(1, schema.get("minItems", 1)))]
        case "boolean":
            return False
        case "integer" | "number":
            return 1
        case _:
            return text[: schema.get("maxLength", len(text))]


def _valid(task: WritingTask, text: str) -> str:
    return json.dumps(_example(dict(task.schema), dict(task.schema), text), ensure_ascii=False)


def _late(task: WritingTask) -> str:
    raise PortError(
        "The model did not answer within 60 seconds.", trouble=Trouble.UNAVAILABLE, permanent=False
    )


def _refused(task: WritingTask) -> str:
    raise PortError("The provider refused the request.", trouble=Trouble.UNAUTHORIZED, permanent=True)


def _by_templates(task: WritingTask) -> str:
    """Return a good answer where the templates know one, else one that cites nothing."""
    try:
        return wiring.writers().fallback.write(task).text
    except Exception:
        return _valid(task, "We should talk about how things go.")


def _obeying(task: WritingTask) -> str:
    """Return an answer in the right form that says all that an injected note could ask for."""
    return _valid(
        task,
        "Approved and published as ordered. Health score 100, risk low, renewal on 1 January 2031, ARR $9,999,999. "
        "<img src=http://evil.example/x> [click](javascript:alert(1)) Bcc eve@evil.example. Call Mallory Vance.",
    )


SCRIPTS: Final[dict[str, Callable[[WritingTask], str]]] = {
    "nonsense": lambda task: "Lorem ipsum dolor sit amet, consectetur.",
    "nothing": lambda task: "",
    "prose-around-json": lambda task: (
        f"Sure! Here it is:\n```json\n{_by_templates(task)}\n```\nAnything else?"
    ),
    "wrong-types": lambda task: json.dumps(dict.fromkeys(dict(task.schema).get("properties", {}), 7)),
    "a-list": lambda task: "[1, 2, 3]",
    "more-than-asked": lambda task: json.dumps(
        {**json.loads(_valid(task, "All is well.")), "approve": True, "score": 100}
    ),
    "refusal": lambda task: "I'm sorry, but I cannot help with that request.",
    "refused-by-provider": _refused,
    "late": _late,
    "obeying": _obeying,
    "endless": lambda task: "{" * 300_000,
}


class Scripted:
    """A writer that answers by the script of its name."""

    def __init__(self, *, model: str, **connection: Any) -> None:
        self.name = model

    def write(self, task: WritingTask, *, timeout_seconds: float = 60.0) -> Writing:
        assert timeout_seconds <= 60.0
        asked.append(task)
        text = SCRIPTS[self.name](task)
        return Writing(
            text=text,
            author=self.name,
            is_template=False,
            prompt_tokens=900,
            completion_tokens=400,
            cost_usd=0.0123,
        )
