"""What bands, risks and states look like: a word, a tone and a shape, so that colour only repeats. Pure."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Tone: TypeAlias = Literal["green", "amber", "red", "info", "unknown", "plain"]
Shape: TypeAlias = Literal["disc", "triangle", "diamond", "ring", "dash", "half", "check", "cross"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a word is shown."""

    label: str
    tone: Tone
    shape: Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a workflow, done, current or still to come."""

    number: int
    label: str
    is_done: bool
    is_current: bool


def _looks(*rows: tuple[str, str, Tone, Shape]) -> dict[str, Look]:
    return {key: Look(label=label, tone=tone, shape=shape) for key, label, tone, shape in rows}


_BANDS: Final = _looks(
    ("green", "Green", "green", "disc"),
    ("amber", "Amber", "amber", "triangle"),
    ("red", "Red", "red", "diamond"),
    ("unknown", "Unknown", "unknown", "ring"),
)
_RISKS: Final = _looks(
    ("low", "Low", "green", "disc"),
    ("medium", "Medium", "amber", "half"),
    ("high", "High", "amber", "triangle"),
    ("critical", "Critical", "red", "diamond"),
)
_STATES: Final = _looks(
    # QBR (SPEC 6.2)
    ("not_started", "Not started", "plain", "dash"),
    ("draft", "Draft", "plain", "ring"),
    ("drafting", "Drafting", "plain", "ring"),
    ("in_review", "In review", "info", "half"),
    ("changes_requested", "Changes requested", "amber", "triangle"),
    ("approved", "Approved", "green", "check"),
    ("publishing", "Publishing", "info", "half"),
    ("published", "Published", "green", "disc"),
    # Jobs, syncs and schedule slots
    ("queued", "Queued", "plain", "ring"),
    ("claimed", "Started", "info", "half"),
    ("running", "Running", "info", "half"),
    ("done", "Done", "green", "check"),
    ("partial", "Partly done", "amber", "half"),
    ("incomplete", "Incomplete", "amber", "half"),
    ("asks", "Asks you", "amber", "triangle"),
    ("failed", "Failed", "red", "cross"),
    ("quarantined", "Set aside", "red", "cross"),
    ("missed", "Missed", "amber", "triangle"),
    # Alerts and deliveries
    ("open", "Open", "amber", "disc"),
    ("acknowledged", "Acknowledged", "info", "check"),
    ("snoozed", "Snoozed", "plain", "dash"),
    ("resolved", "Resolved", "green", "check"),
    ("closed", "Closed", "plain", "check"),
    ("held_back", "Held back", "plain", "dash"),
    ("pending", "Pending", "plain", "ring"),
    ("sending", "Sending", "info", "ring"),
    ("delivered", "Delivered", "green", "check"),
    ("skipped", "Nobody to tell", "amber", "dash"),
    ("dispatched", "Handed over", "info", "check"),
    ("accepted", "Accepted", "green", "check"),
    ("declined", "Declined", "plain", "cross"),
    # Opportunities
    ("found", "Found", "plain", "ring"),
    ("dismissed", "Dismissed", "plain", "dash"),
    ("withdrawn", "Withdrawn", "plain", "dash"),
    ("won", "Won", "green", "check"),
    ("lost", "Lost", "plain", "cross"),
    # Coaching plans
    ("finished", "Finished", "green", "check"),
    ("dropped", "Given up", "plain", "cross"),
    # Runs of the agent, and keys of other agents
    ("refused", "Not done", "plain", "dash"),
    ("in_force", "In force", "green", "check"),
    ("expired", "Expired", "plain", "dash"),
    ("revoked", "Revoked", "plain", "cross"),
)
LISTED: Final = frozenset((*_BANDS.values(), *_RISKS.values(), *_STATES.values()))
"""Every look that has a shape of its own choosing, as against a word that nobody listed."""

_QBR_WAY: Final = (
    ("draft", "Draft"),
    ("in_review", "In review"),
    ("approved", "Approved"),
    ("publishing", "Publishing"),
    ("published", "Published"),
)


def band(name: str | None) -> Look:
    """Return the look of a band; anything else than Green, Amber and Red is Unknown."""
    return _BANDS.get(_key(name), _BANDS["unknown"])


def risk(level: str | None) -> Look:
    """Return the look of a churn risk level."""
    return _RISKS.get(_key(level)) or _plain(level)


def state(name: str | None) -> Look:
    """Return the look of a state; one that is not listed is shown as its own word."""
    return _STATES.get(_key(name)) or _plain(name)


def qbr_steps(current: str) -> tuple[Step, ...]:
    """Return the way of a QBR; once published every step is done. Changes requested is a draft again."""
    key = "draft" if _key(current) == "changes_requested" else _key(current)
    names = [name for name, _ in _QBR_WAY]
    place = names.index(key) if key in names else 0
    is_over = place == len(names) - 1
    return tuple(
        Step(number=i + 1, label=label, is_done=i < place or is_over, is_current=i == place)
        for i, (_, label) in enumerate(_QBR_WAY)
    )


def _key(name: str | None) -> str:
    return str(name or "").strip().lower().replace(" ", "_").replace("-", "_")


def _plain(name: str | None) -> Look:
    words = _key(name).replace("_", " ") or "unknown"
    return Look(label=words[:1].upper() + words[1:], tone="unknown", shape="ring")
