"""What comes back from a writer, made sense of: the JSON object in its text, validated, or what is wrong with it.

Pure: knows no model, no database and no network (SPEC 5.5).
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from csm_portal.ports import untrusted

_LONGEST_ANSWER = 200_000
_MOST_OPENINGS = 60

Answer = TypeVar("Answer", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed(Generic[Answer]):
    """An answer, or the reasons why there is none, fit to be sent back to the writer."""

    answer: Answer | None
    errors: tuple[str, ...] = ()


def parse(text: str, model: type[Answer]) -> Parsed[Answer]:
    """Find and validate the JSON object in a writer's answer; code fences and prose around it are tolerated."""
    if len(text) > _LONGEST_ANSWER:
        return Parsed(answer=None, errors=("The answer is too long; keep to the lengths of the schema.",))
    errors: tuple[str, ...] = ("The answer holds no JSON object; answer with the object alone.",)
    most_keys = -1
    for candidate in _objects(text):
        try:
            return Parsed(answer=model.model_validate(candidate))
        except ValidationError as error:
            # The object that looks most like an answer is the one whose errors help.
            keys = len(candidate.keys() & model.model_fields.keys())
            if keys > most_keys:
                most_keys, errors = keys, _sentences(error)
    return Parsed(answer=None, errors=errors)


def likest(text: str, model: type[BaseModel]) -> dict[str, Any] | None:
    """Return the object in a writer's answer that has most of the model's fields, unvalidated; None where none has any.

    What is good of an answer can be used where the whole of it cannot.
    """
    if len(text) > _LONGEST_ANSWER:
        return None
    found, most_keys = None, 0
    for candidate in _objects(text):
        keys = len(candidate.keys() & model.model_fields.keys())
        if keys > most_keys:
            found, most_keys = candidate, keys
    return found


def _objects(text: str) -> Iterator[dict[str, Any]]:
    decoder = json.JSONDecoder()
    at = 0
    for _ in range(_MOST_OPENINGS):
        at = text.find("{", at)
        if at < 0:
            return
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            at += 1
            continue
        yield value
        at = end


def _sentences(error: ValidationError) -> tuple[str, ...]:
    lines = []
    for item in error.errors(include_url=False, include_input=False, include_context=False)[:12]:
        place = ".".join(str(part) for part in item["loc"]) or "the object"
        lines.append(f"{place}: {item['msg']}.")
    return tuple(lines)


def again(prompt: str, answer: str, errors: Sequence[str]) -> str:
    """Return the prompt that asks once more, with what was wrong with the first answer."""
    listed = "\n".join(f"- {error}" for error in errors)
    return (
        f"{prompt}\nYour previous answer could not be used:\n{listed}\n\n"
        f"{untrusted.fenced('previous answer', answer[:20_000])}\n\n"
        "Answer again with one JSON object that satisfies the schema, and nothing around it.\n"
    )
