"""What the portal keeps in the workspace about one account, as its page shows it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from accounts.models import Account, CSMProfile, FiguresInNotion, ProfileState
from csm_portal.core.models import Job

RELATED: Final = ("figures_in_notion", "csm_profile__job")
"""What to select with the account, so that the card costs no query of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InNotion:
    """Score and risk on the account's page, and its CSM Profile. ``job`` is the update under way, if there is one.

    ``score`` and ``risk`` are what was written last, ``figures_at`` when; None before the first time.
    """

    is_kept: bool
    score: int | None
    risk: str
    figures_at: datetime | None
    figures_trouble: str
    profile_url: str
    profile_at: datetime | None
    profile_trouble: str
    is_lost: bool
    handed_over: int
    job: Job | None
    has_profile: bool


def card(account: Account) -> InNotion:
    """Return what an account's card shows. No query, where the account came with RELATED selected."""
    figures: FiguresInNotion | None = getattr(account, "figures_in_notion", None)
    profile: CSMProfile | None = getattr(account, "csm_profile", None)
    job = profile.job if profile else None
    return InNotion(
        is_kept=figures is not None,
        score=figures.score if figures else None,
        risk=figures.risk if figures else "",
        figures_at=figures.written_at if figures else None,
        figures_trouble=figures.trouble if figures else "",
        profile_url=profile.page_url if profile else "",
        profile_at=profile.written_at if profile else None,
        # A job that stopped on an error of its own could write nothing down.
        profile_trouble=(profile.trouble or (job.error if job and job.is_over else "")) if profile else "",
        is_lost=bool(profile and profile.state == ProfileState.LOST),
        handed_over=profile.handed_over if profile else 0,
        job=job if job and not job.is_over else None,
        has_profile=bool(profile and profile.page_id),
    )
