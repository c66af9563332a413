"""The agent's JSON endpoint for other agents (SPEC 5.4): a tenant's key in, a result or an address to poll out.

It asks nobody who they are but by the key: no session, no cookie, and so no CSRF token either (CHECK 14).
"""

import hashlib
import json
import re
from collections.abc import Callable
from functools import wraps
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from pydantic import ValidationError

from csm_portal.agent import queueing, router, tasks
from csm_portal.agent.capabilities import CSM_CAPABILITIES, create_csm_registration
from csm_portal.agent.results import CSMResult
from csm_portal.agent.tasks import CSMTask
from csm_portal.core import agent_keys, agent_runs, audit
from csm_portal.core.agent_runs import Asked, Caller
from csm_portal.core.models import AgentKey, AgentRun, RunOrigin
from csm_portal.core.scope import tenant_scope

log = structlog.get_logger(__name__)

LARGEST_BYTES: Final = 16 * 1024
LONGEST_IDEMPOTENCY_KEY: Final = 200
POLL_SECONDS: Final = 2
# What pydantic calls it, and how a sentence about the field goes on.
_WORDS: Final = {
    "missing": "is missing",
    "extra_forbidden": "is no field of a task",
    "string_type": "is no text",
    "too_short": "is empty",
    "string_too_short": "is empty",
    "too_long": "has more than {max_length} characters",
    "string_too_long": "has more than {max_length} characters",
    "string_pattern_mismatch": "is to be written as in “Q1 2026”",
}
_BEARER: Final = re.compile(r"Bearer +(\S{1,200})", re.IGNORECASE)
_PLAIN: Final = re.compile(r"[\x21-\x7e]{1,200}")
_LOOKING: Final = ("GET", "HEAD")
_ADDRESSES: Final = (
    "Tasks are posted to /agent/tasks/; GET /agent/capabilities/ tells what can be asked for, and "
    "GET /agent/runs/<run_id>/ what came of a run."
)
_STATUS: Final = {"not_found": 404, "not_allowed": 403}

View = Callable[[HttpRequest, AgentKey], HttpResponse]


class Refused(Exception):
    """The request is answered with this status and these words."""

    def __init__(self, status: int, sentence: str, **more: Any) -> None:
        super().__init__(sentence)
        self.status = status
        self.body = {"error": sentence, **more}


def takes(
    *methods: str,
) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Refuse other methods in words that a program can read: 405 as JSON. No cookie counts here, so no CSRF token does."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def admitted(request: HttpRequest, **named: Any) -> HttpResponse:
            if request.method in methods:
                return view(request, **named)
            body = {"error": f"This address takes {methods[0]}, and {request.method} was sent. {_ADDRESSES}"}
            return HttpResponseNotAllowed(
                methods,
                content=json.dumps(body, sort_keys=True),
                content_type="application/json",
                headers={"Cache-Control": "no-store"},
            )

        return csrf_exempt(admitted)

    return decorate


def with_key(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Admit who shows a key that holds, inside its tenant's scope; 401 for anybody else, 429 where it is too fast."""

    @wraps(view)
    def admitted(request: HttpRequest, **named: Any) -> HttpResponse:
        is_reading = request.method in _LOOKING
        try:
            key = agent_keys.recognise(_bearer(request), now=timezone.now())
        except agent_keys.NotRecognised as error:
            log.warning("agent_key_refused", has_key="Authorization" in request.headers)
            return _told(401, {"error": str(error)}, {"WWW-Authenticate": 'Bearer realm="agent"'})
        try:
            agent_keys.admit(key, now=timezone.now(), is_reading=is_reading)
        except agent_keys.TooFast as error:
            return _told(429, {"error": str(error)}, {"Retry-After": str(error.retry_after)})
        with tenant_scope(key.tenant), audit.coming_from(request.META.get("REMOTE_ADDR") or None):
            try:
                return view(request, key, **named)
            except Refused as refusal:
                return _told(refusal.status, refusal.body)

    return admitted


@takes(*_LOOKING)
@with_key
def capabilities(request: HttpRequest, key: AgentKey) -> HttpResponse:
    """Tell what the agent can do, and which of it this key may ask for."""
    return _told(
        200,
        {**create_csm_registration(), "allowed": [one for one in CSM_CAPABILITIES if one in key.task_types]},
    )


@takes("POST")
@with_key
def ask(request: HttpRequest, key: AgentKey) -> HttpResponse:
    """Take a task: do it now and answer with the result, or put what takes long into the queue and say where to look.

    ``Prefer: respond-async`` has anything put into the queue, ``Prefer: wait`` has anything done now. Under the same
    ``Idempotency-Key`` the same task is done once and answered alike.
    """
    task, body_hash = _task(request)
    _check(task, key)
    wants = request.headers.get("Prefer", "").lower()
    is_queued = "respond-async" in wants or (task.is_long and "wait" not in wants)
    caller = Caller(origin=RunOrigin.KEY, name=key.name, key=key)
    try:
        asked = _begin(
            task,
            caller,
            key=key,
            is_queued=is_queued,
            idempotency_key=_idempotency_key(request),
            body_hash=body_hash,
        )
    except agent_runs.UsedForAnother as error:
        raise Refused(422, str(error)) from error
    if not asked.is_new:
        return _again(asked.run)
    if asked.run.is_queued:
        return _later(asked.run)
    return _done(router.carry_out(asked.run, task, tenant=key.tenant, caller=caller, clock=timezone.now))


@transaction.atomic
def _begin(task: CSMTask, caller: Caller, *, key: AgentKey, is_queued: bool, **under: str) -> Asked:
    """Write down what is asked for, with the job that sees to it where it is queued: both or neither."""
    now = timezone.now()
    asked = agent_runs.begin(
        task_type=task.task_type,
        task=router.as_kept(task),
        account_ref=task.account_id or "",
        caller=caller,
        now=now,
        is_queued=is_queued,
        **under,
    )
    if asked.is_new and asked.run.is_queued:
        queueing.enqueue(asked.run, tenant=key.tenant, now=now)
    return asked


@takes(*_LOOKING)
@with_key
def run(request: HttpRequest, key: AgentKey, run_id: UUID) -> HttpResponse:
    """Tell what came of a run that this key asked for; 202 while it is under way."""
    found = AgentRun.objects.filter(pk=run_id, key=key).first()
    if found is None:
        raise Refused(404, "This key has asked for no run with that id.")
    return _done(CSMResult.model_validate(found.result)) if found.is_over else _later(found)


@takes("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
@with_key
def nothing(request: HttpRequest, key: AgentKey, rest: str) -> HttpResponse:
    """Tell a program that there is nothing at this address, and which there are."""
    raise Refused(404, f"There is nothing at this address. {_ADDRESSES}")


def _bearer(request: HttpRequest) -> str:
    match = _BEARER.fullmatch(request.headers.get("Authorization", "").strip())
    return match.group(1) if match else ""


def _task(request: HttpRequest) -> tuple[CSMTask, str]:
    """Return the task in the body and a hash of what it says. Raises Refused."""
    if request.content_type != "application/json":
        raise Refused(415, "Send the task as JSON, with Content-Type: application/json.")
    body = request.read(LARGEST_BYTES + 1)
    if len(body) > LARGEST_BYTES:
        raise Refused(413, f"The body is larger than any task: {LARGEST_BYTES // 1024} KB are allowed.")
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused(422, "The body is no JSON. Send one object.") from error
    if not isinstance(given, dict):
        raise Refused(422, "The body has to be one JSON object: the task.")
    try:
        task = tasks.read(given)
    except tasks.UnknownTaskType as error:
        raise Refused(422, str(error), fields={"task_type": str(error)}) from error
    except ValidationError as error:
        fields = _fields(error)
        raise Refused(422, f"The task is not complete: {' '.join(fields.values())}", fields=fields) from error
    said = json.dumps(router.as_kept(task), sort_keys=True, ensure_ascii=False)
    return task, hashlib.sha256(said.encode()).hexdigest()


def _fields(error: ValidationError) -> dict[str, str]:
    """Return a sentence for each field that is wrong; what was given is not repeated."""
    told: dict[str, str] = {}
    for item in error.errors(include_url=False, include_input=False):
        place = ".".join(str(part) for part in item["loc"])[:100] or "task"
        words = item["msg"].removeprefix("Value error, ").rstrip(".")
        if item["type"] in _WORDS:
            words = f"{place} {_WORDS[item['type']].format(**item.get('ctx', {}))}"
        elif place != "task":
            words = f"{place}: {words[:1].lower()}{words[1:]}"
        told.setdefault(place, f"{words}.")
    return told


def _check(task: CSMTask, key: AgentKey) -> None:
    """Raise Refused where the key may not ask for this: 403."""
    tenant = router.tenant_of(task)
    if tenant is None or tenant.pk != key.tenant_id:
        raise Refused(403, "This key is of another company than tenant_id names.")
    if task.task_type not in key.task_types:
        allowed = ", ".join(key.task_types) or "none"
        raise Refused(403, f"This key may not ask for {task.task_type}. It may ask for: {allowed}.")


def _idempotency_key(request: HttpRequest) -> str:
    given = request.headers.get("Idempotency-Key")
    if given is None:
        return ""
    if not _PLAIN.fullmatch(given):
        raise Refused(
            422,
            f"An Idempotency-Key has 1 to {LONGEST_IDEMPOTENCY_KEY} visible ASCII characters, such as a UUID. "
            "Leave the header out where the task may be done twice.",
        )
    return given


def _again(found: AgentRun) -> HttpResponse:
    """Answer a task that was asked for before under the same key, as it was answered then."""
    if not found.is_queued:
        found = agent_runs.wait_for(found)
        if found.is_over:
            return _done(CSMResult.model_validate(found.result))
    return _later(found)


def _later(found: AgentRun) -> HttpResponse:
    address = reverse("agent-run-result", args=[found.pk])
    body = {"run_id": str(found.pk), "task_type": found.task_type, "poll": address}
    return _told(202, body, {"Location": address, "Retry-After": str(POLL_SECONDS)})


def _done(result: CSMResult) -> HttpResponse:
    return _told(_STATUS.get(result.status, 200), result.model_dump(mode="json"))


def _told(status: int, body: Any, headers: dict[str, str] | None = None) -> HttpResponse:
    # PostgreSQL keeps the keys of an object in an order of its own: a stored answer is to read like the first one.
    return JsonResponse(
        body,
        status=status,
        headers={"Cache-Control": "no-store", **(headers or {})},
        json_dumps_params={"sort_keys": True},
    )
