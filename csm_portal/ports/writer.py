"""Who writes prose: a model behind LiteLLM, or the fixed sentences of the templates (SPEC 5.5, P1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class WritingTask:
    """What is to be written.

    ``kind`` names the task (``qbr``, ``churn_risk``, ...), ``system`` and ``prompt`` are the text for a model,
    ``schema`` the JSON schema that the answer must satisfy, ``material`` the same facts as plain values for
    a writer that needs no prompt.
    """

    kind: str
    system: str
    prompt: str
    schema: Mapping[str, Any]
    material: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """The raw answer, to be validated by whoever asked. Tokens and cost are None where they are unknown."""

    text: str
    author: str
    is_template: bool
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost_usd: float | None = None
    seconds: float = 0.0


class Writer(Protocol):
    """Writes JSON text for a task. Raises PortError and nothing else."""

    name: str

    def write(self, task: WritingTask, *, timeout_seconds: float = 60.0) -> Writing:
        """Return the answer to one task, in one attempt."""
