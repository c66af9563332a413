"""What every prompt has in common: who writes, under which rules, and the form of the answer (SPEC 5.5)."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from accounts.prompts.system import CSM_SYSTEM_PROMPT as CSM_SYSTEM_PROMPT
from csm_portal.ports import untrusted
from qbr.facts import Fact, FactSheet, shown_with_unit


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON schema of an answer."""
    return model.model_json_schema()


def request(task: str, *, facts: FactSheet, data: Mapping[str, str], schema: Mapping[str, Any]) -> str:
    """Put a prompt together: the task, the facts, fenced data, and the schema of the answer.

    ``data`` maps the name of a text to the text as somebody wrote it; empty texts are left out.
    """
    # Names and goals are typed by people: the whole table of facts is data.
    table = "\n".join(_fact_lines(facts))
    parts = [task.strip(), "", untrusted.fenced("facts: id | what it is | value | period | notes", table)]
    missing = [fact.id for fact in facts.values() if not fact.is_known]
    if missing:
        parts.append(f"Looked for and not known: {', '.join(missing)}.")
    for name, text in data.items():
        if text.strip():
            parts.append(untrusted.fenced(name, text))
    parts.append("\nAnswer with one JSON object that satisfies this JSON schema:")
    parts.append(json.dumps(schema, ensure_ascii=False, separators=(",", ":")))
    return "\n".join(parts) + "\n"


def material(facts: FactSheet) -> dict[str, Any]:
    """Return the facts as plain values for a writer that needs no prompt: by id, in order."""
    return {
        "facts": {
            fact.id: {**fact.to_json(), "shown": shown_with_unit(fact), "is_known": fact.is_known}
            for fact in facts.values()
        }
    }


def _fact_lines(facts: FactSheet) -> list[str]:
    return [_fact_line(fact) for fact in facts.values() if fact.is_known]


def _fact_line(fact: Fact) -> str:
    notes = [
        note for note, holds in (("internal", fact.is_internal), ("out of date", fact.is_stale)) if holds
    ]
    cells = (fact.id, fact.label, shown_with_unit(fact), fact.period, ", ".join(notes))
    # A value that somebody typed must not break the table.
    safe = (
        untrusted.clean_line(cell).replace("{{", "{ {").replace("}}", "} }").replace("|", "/")
        for cell in cells
    )
    return " | ".join(safe).rstrip(" |")
