"""Drafts for tests: what the template writer makes of a sheet of facts."""

from csm_portal.integrations.llm.templates import TemplateWriter
from qbr import drafting, schemas
from qbr.document import Content
from qbr.facts import FactSheet
from qbr.modes import Mode
from qbr.prompts import review


def template_draft(facts: FactSheet, *, mode: Mode = Mode.FULL) -> Content:
    writing = TemplateWriter().write(review.writing_task(facts, mode=mode))
    parsed = schemas.parse(writing.text, schemas.QBRAnswer)
    assert parsed.answer is not None, parsed.errors
    return drafting.draft(parsed.answer, facts)
