"""Who writes prose: a model behind LiteLLM, or the fixed sentences of the templates (SPEC 5.5, P1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, runtime_checkable

MOST_TOKENS: Final = 4_000
"""How long an answer may be at most; longer ones are cut off by the model's provider."""

LONGEST_CALL_SECONDS: Final = 60.0


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a token costs in US dollars, read and written."""

    prompt: float
    completion: float


@runtime_checkable
class Priced(Protocol):
    """A writer that may know beforehand what it costs; asked in the worker only, it can be slow the first time."""

    def price(self) -> Price | None:
        """Return the price of the model, or None where it is not known."""


class Writers(Protocol):
    """Who writes, and who steps in: the same one where no model is set. ``csm_portal.wiring.Writers`` is one."""

    @property
    def first(self) -> Writer: ...

    @property
    def fallback(self) -> Writer: ...
