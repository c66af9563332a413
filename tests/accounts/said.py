"""A writer that answers what a test tells it to, behind the port that a model stands behind."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from csm_portal import wiring
from csm_portal.ports.errors import PortError, Trouble
from csm_portal.ports.writer import Writing, WritingTask

DOWN = PortError("The model cannot be reached.", trouble=Trouble.UNAVAILABLE, permanent=False)


@dataclass(slots=True)
class SaidWriter:
    """Answers in turn, the last one again and again; an error is raised, a mapping becomes JSON."""

    answers: Sequence[Any]
    name: str = "a-model"
    asked: list[WritingTask] = field(default_factory=list)

    def write(self, task: WritingTask, *, timeout_seconds: float = 60.0) -> Writing:
        answer = self.answers[min(len(self.asked), len(self.answers) - 1)]
        self.asked.append(task)
        if isinstance(answer, PortError):
            raise answer
        text = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
        return Writing(
            text=text, author=self.name, is_template=False, prompt_tokens=900, completion_tokens=200
        )


def writers(first: Any = None) -> wiring.Writers:
    """Return the templates, with another writer before them where one is given."""
    templates = wiring.writers().fallback
    return wiring.Writers(first=first or templates, fallback=templates)
