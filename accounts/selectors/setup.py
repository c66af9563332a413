"""What the Notion set-up page shows. It reads what the last check found and never asks Notion itself."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts import setup_check, setup_preview
from accounts.models import Account
from accounts.setup_check import Check, StepState
from accounts.setup_preview import Preview
from csm_portal.core.models import Job, NotionConnection, TenantSecret

JOB_PREFIX = "notion-setup:"
CHECK_KEY = f"{JOB_PREFIX}check"
PROPERTIES_KEY = f"{JOB_PREFIX}properties"
_LOOKED_AT = 5
_TOKEN = "notion_token"  # noqa: S105 (the name of a secret, not a secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPreview:
    """The first rows through a mapping. ``mapping`` is the one that is tried, empty for the saved one.

    ``preview`` is None while the rows are being read.
    """

    preview: Preview | None
    read_at: datetime | None
    mapping: dict[str, str]

    @property
    def is_tried(self) -> bool:
        return bool(self.mapping)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupStep:
    """One thing on the way from nothing to the first accounts."""

    number: int
    label: str
    is_done: bool
    is_current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupPage:
    """The connection, the last check, the first rows and the job at work. Four queries."""

    connection: NotionConnection
    token_saved_at: datetime | None
    check: Check | None
    checked_at: datetime | None
    preview: ShownPreview | None
    job: Job | None
    has_accounts: bool

    @property
    def is_checking(self) -> bool:
        return self.job is not None and not self.job.is_over

    @property
    def is_of_candidate(self) -> bool:
        """Tell whether the last job tried new settings."""
        return self.job is not None and bool(self.job.params.get("candidate"))

    @property
    def was_accepted(self) -> bool:
        """Tell whether the settings that the last job tried are in use now."""
        is_since = self.job is not None and self.connection.updated_at >= self.job.created_at
        return self.is_of_candidate and is_since and not self.connection.candidate

    @property
    def failure(self) -> str:
        """Return why the last job could not do what it was asked for, "" where it could."""
        return self.job.error if self.job is not None and self.job.is_over else ""

    @property
    def is_check_shown(self) -> bool:
        """Tell whether the last check was made with the settings in use."""
        return self.check is not None and self.checked_at is not None

    @property
    def spoken(self) -> str:
        """Return what is said aloud when the job is over."""
        if self.job is not None and self.job.key.startswith(f"{JOB_PREFIX}preview"):
            return "The first rows are read."
        told = [f"{step.title}: {step.text}" for step in (self.check.steps if self.check else ())]
        if self.check and self.check.now_right:
            told.insert(0, f"Now right: {', '.join(self.check.now_right)}.")
        if self.connection.candidate:
            told.insert(0, "The new settings are not in use.")
        return " ".join(["The check is over.", *told])

    def steps(self) -> list[SetupStep]:
        """Return the way to the first accounts with what is done of it, nothing where all is."""
        steps = self.check.steps if self.check else ()
        states = {step.title: step.state for step in steps}
        is_fed = self.check is not None and bool(self.check.fields)
        done = {
            "Token": states.get("Token") == StepState.OK,
            "Accounts database": states.get("Accounts database") == StepState.OK,
            "Properties": is_fed and states.get("Properties") in (StepState.OK, StepState.WARNING),
            "First sync": self.has_accounts,
            "QBR database": states.get("QBR database") == StepState.OK,
        }
        if all(done.values()):
            return []
        current = next(label for label, is_done in done.items() if not is_done)
        return [
            SetupStep(number=number, label=label, is_done=is_done, is_current=label == current)
            for number, (label, is_done) in enumerate(done.items(), start=1)
        ]


def check_key(candidate: str) -> str:
    """Return the key of the job that checks; settings on trial have one of their own, so that none is passed over."""
    return f"{CHECK_KEY}:{candidate}" if candidate else CHECK_KEY


def preview_key(trial: str) -> str:
    """Return the key of the job that reads the first rows through a mapping that is tried."""
    return f"{JOB_PREFIX}preview:{trial}"


def page() -> SetupPage:
    """Return the set-up page of the scope's tenant."""
    connection = NotionConnection.objects.first() or NotionConnection()
    return SetupPage(
        connection=connection,
        token_saved_at=TenantSecret.objects.filter(name=_TOKEN).values_list("updated_at", flat=True).first(),
        check=setup_check.from_json(connection.last_check),
        checked_at=connection.checked_at,
        preview=_preview(connection.preview),
        job=_job(),
        has_accounts=Account.objects.exists(),
    )


def _job() -> Job | None:
    """Return the job that is at work for the page, else the last one that was."""
    latest = list(Job.objects.filter(key__startswith=JOB_PREFIX).order_by("-created_at", "-pk")[:_LOOKED_AT])
    return next((job for job in latest if not job.is_over), latest[0] if latest else None)


def _preview(kept: dict[str, Any]) -> ShownPreview | None:
    shown = kept.get("tried") or kept.get("saved")
    if not shown:
        return None
    read_at = shown.get("read_at")
    return ShownPreview(
        preview=setup_preview.from_json(shown["preview"]),
        read_at=datetime.fromisoformat(read_at) if read_at else None,
        mapping=shown.get("mapping", {}),
    )
