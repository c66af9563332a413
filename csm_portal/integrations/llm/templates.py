"""The writer that needs no model: the same facts in plain, fixed sentences.

It answers in the same form as a model, citing facts by id, so that everything after it is the same. What is
not known is said to be not known.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from csm_portal.integrations.llm import at_risk_sentences, review_sentences
from csm_portal.integrations.llm.stated_facts import StatedFacts
from csm_portal.ports.errors import PortError, Trouble
from csm_portal.ports.writer import Writing, WritingTask

_SENTENCES: Mapping[str, Callable[[StatedFacts], dict[str, Any]]] = {
    "qbr": review_sentences.answer,
    "qbr_at_risk": at_risk_sentences.answer,
}


class TemplateWriter:
    """Writes fixed sentences from the material of a task."""

    name = "templates"

    def write(self, task: WritingTask, *, timeout_seconds: float = 60.0) -> Writing:
        """Return the answer to one task. Raises PortError for a kind of task that it has no sentences for."""
        sentences = _SENTENCES.get(task.kind)
        if sentences is None:
            raise PortError(
                f"The templates have no sentences for “{task.kind}”; set a model to have it written.",
                trouble=Trouble.NOT_CONFIGURED,
                permanent=True,
            )
        facts = StatedFacts(task.material.get("facts", {}))
        text = json.dumps(sentences(facts), ensure_ascii=False, indent=1)
        return Writing(text=text, author=self.name, is_template=True)
