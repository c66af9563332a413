"""How a tenant is connected to Notion (SPEC 2.2): new settings are tried before they replace what works.

What a person sends becomes the *candidate*: kept beside the settings in use, its token encrypted under a name of its
own. A job tries it; what Notion accepts takes the place of the old, what Notion refuses leaves the old where it is.
"""

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts import notion_links, setup_check
from accounts.setup_check import Check
from csm_portal.core import audit, secrets
from csm_portal.core.models import NotionConnection, User

TOKEN = "notion_token"  # noqa: S105 (the name of a secret, not a secret)
CANDIDATE_TOKEN = "notion_token_candidate"  # noqa: S105 (the name of a secret, not a secret)

# A trial could say nothing about these.
_TAKEN_AS_THEY_ARE = frozenset({"requests_per_minute"})


class NothingToUse(Exception):
    """There are no new settings that could be used untried: they are gone, or Notion said no to them for good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The settings as a person wants them. An empty ``token`` keeps the one that is stored."""

    token: str
    accounts_database: str
    accounts_data_source: str
    qbr_database: str
    requests_per_minute: int

    def columns(self) -> dict[str, Any]:
        """Return the settings by the names of NotionConnection's columns, the token left out."""
        return {
            "accounts_database_id": self.accounts_database,
            "accounts_data_source_id": self.accounts_data_source,
            "qbr_database_id": self.qbr_database,
            "requests_per_minute": self.requests_per_minute,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why new settings are not in use. ``field`` is the form's field that it is about, "" for none."""

    field: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What Notion said to new settings. ``is_passing``: it may say something else in a minute."""

    check: Check
    problems: tuple[Problem, ...] = ()
    is_passing: bool = False
    is_token_refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Settings that were sent and are not in use. ``trial`` is None until they were tried."""

    number: str
    values: Mapping[str, Any]
    has_token: bool
    at: datetime
    trial: Trial | None

    @property
    def can_be_used_untried(self) -> bool:
        return self.trial is not None and self.trial.is_passing


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What became of settings that were sent: ``changed`` at once, or on trial as ``candidate`` (its number)."""

    changed: tuple[str, ...] = ()
    candidate: str = ""


def current() -> NotionConnection:
    """Return the scope's tenant's connection, making an empty one the first time."""
    connection, _ = NotionConnection.objects.get_or_create()
    return connection


def locked() -> NotionConnection:
    """Return the connection for a change, to this transaction alone."""
    return NotionConnection.objects.select_for_update().get(pk=current().pk)


def candidate_of(row: NotionConnection) -> Candidate | None:
    """Return the settings on trial, None where there are none."""
    kept = row.candidate
    if not kept:
        return None
    tried = kept.get("trial")
    return Candidate(
        number=kept["number"],
        values=kept["values"],
        has_token=kept["has_token"],
        at=datetime.fromisoformat(kept["at"]),
        trial=Trial(
            check=setup_check.from_json(tried["check"]) or Check(),
            problems=tuple(Problem(**problem) for problem in tried["problems"]),
            is_passing=tried["is_passing"],
        )
        if tried
        else None,
    )


@transaction.atomic
def save(wanted: Wanted, *, actor: User, now: datetime) -> Saved:
    """Put the settings on trial, or keep at once what no trial could say anything about.

    Settings that are those in use take back whatever was on trial.
    """
    row = locked()
    before = candidate_of(row)
    values = wanted.columns()
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    has_token = bool(wanted.token) or (before is not None and before.has_token)
    if not has_token and set(changed) <= _TAKEN_AS_THEY_ARE:
        _forget_candidate(row)
        if changed:
            _apply(row, values, now=now)
            audit.record("notion.connection_changed", row, actor=actor, at=now, data={"changed": changed})
        return Saved(changed=tuple(changed))
    if wanted.token:
        secrets.store(CANDIDATE_TOKEN, wanted.token, now=now)
    if has_token:
        changed.insert(0, "token")
    number = uuid.uuid4().hex
    row.candidate = {
        "number": number,
        "values": values,
        "has_token": has_token,
        "by": str(actor.pk),
        "at": now.isoformat(),
    }
    row.save(update_fields=["candidate"])
    audit.record("notion.connection_proposed", row, actor=actor, at=now, data={"changed": changed})
    return Saved(candidate=number)


@transaction.atomic
def judge(number: str, trial: Trial, *, now: datetime) -> bool:
    """Let settings that held take the place of the old; keep why where they did not. Tell whether they did.

    Settings that others have replaced since are left alone.
    """
    row = locked()
    if row.candidate.get("number") != number:
        return False
    if not trial.problems:
        proposer = User.objects.filter(pk=row.candidate["by"]).first()
        _promote(row, actor=proposer, now=now)
        return True
    kept = asdict(trial)
    kept.pop("is_token_refused")
    row.candidate = {**row.candidate, "trial": {**kept, "check": trial.check.as_json()}}
    if trial.is_token_refused and row.candidate["has_token"]:
        # A token that Notion refuses is of no use to anybody: it is not kept.
        secrets.forget(CANDIDATE_TOKEN)
        row.candidate["has_token"] = False
    row.save(update_fields=["candidate"])
    return False


@transaction.atomic
def use_untried(*, actor: User, now: datetime) -> None:
    """Let the settings on trial count although Notion could not be asked.

    Raises NothingToUse where there are none, or where Notion has refused them.
    """
    row = locked()
    candidate = candidate_of(row)
    if candidate is None or not candidate.can_be_used_untried:
        raise NothingToUse
    _promote(row, actor=actor, now=now, is_untried=True)


@transaction.atomic
def discard(*, actor: User, now: datetime) -> bool:
    """Forget the settings on trial; False where there were none."""
    row = locked()
    if not row.candidate:
        return False
    _forget_candidate(row)
    audit.record("notion.connection_discarded", row, actor=actor, at=now)
    return True


def _promote(row: NotionConnection, *, actor: User | None, now: datetime, is_untried: bool = False) -> None:
    candidate = row.candidate
    values = candidate["values"]
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    if candidate["has_token"]:
        token = secrets.read(CANDIDATE_TOKEN)
        if token:
            secrets.store(TOKEN, token, now=now)
            changed.insert(0, "token")
    if not notion_links.is_same(row.accounts_database_id, values["accounts_database_id"]):
        # Rows of another database say nothing about this one.
        row.preview = {}
    _forget_candidate(row)
    # What was found with other settings is no answer about these, but what the next check is held against.
    row.checked_at = None
    _apply(row, values, now=now)
    row.save(update_fields=["preview", "checked_at"])
    data = {"changed": changed, **({"untried": True} if is_untried else {})}
    audit.record("notion.connection_changed", row, actor=actor, at=now, data=data)


def _apply(row: NotionConnection, values: Mapping[str, Any], *, now: datetime) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    row.updated_at = now
    row.save(update_fields=[*values, "updated_at"])


def _forget_candidate(row: NotionConnection) -> None:
    secrets.forget(CANDIDATE_TOKEN)
    row.candidate = {}
    row.save(update_fields=["candidate"])
