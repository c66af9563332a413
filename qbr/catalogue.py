"""Which facts a QBR is drafted from: their ids, labels, kinds and the words that speak of them.

The service that collects facts fills in as many of these as the mirror and the history hold. The words are
what the number check reads: ``12`` beside "tickets" must be the ticket count, not some other twelve.
"""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from qbr.facts import Fact, FactKind, FactValue

ANY_TOPIC = ("=",)


class Moment(StrEnum):
    """The end of the quarter that a fact speaks of, where there is one of the same name at the other end."""

    START = "start"
    NOW = "now"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One fact, or a family of them: ``*`` in ``id`` stands for one part, such as a number or a slug.

    ``topics`` are word stems; a sentence that holds one of them may be about this fact. ``ANY_TOPIC`` fits all.
    """

    id: str
    label: str
    kind: FactKind
    unit: str = ""
    topics: tuple[str, ...] = ()
    moment: Moment | None = None
    is_internal: bool = False


_HEALTH = ("scor", "health")
_BAND = ("band", "status", "green", "amber", "red")

_INPUTS: tuple[tuple[str, str, FactKind, str, tuple[str, ...], bool], ...] = (
    ("feature_adoption_rate", "Feature adoption", FactKind.PERCENT, "", ("adopt", "feature", "the rate", "its rate", "uptake", "penetrat", "functional", "capabilit", "what they license", "what you license"), False),
    ("support_ticket_volume", "Open tickets", FactKind.COUNT, "tickets", ("ticket", "tix", "support", "case", "request", "queue", "backlog", "help desk", "helpdesk", "service desk", "inbox", "enquir", "inquir", "unresolved", "pending", "issues", "questions open", "open questions", "waiting for an answer", "waiting for a reply", "unanswered"), False),
    ("support_sentiment", "Support sentiment", FactKind.WORD, "", ("sentiment", "support", "mood"), True),
    ("last_interaction_days", "Days since the last interaction", FactKind.DAYS, "", ("interact", "spoke", "spoken", "speaking", "met", "contact", "talk", "touch", "silen", "conversation", "heard", "telephone", "phone", "quiet", "last call", "last meeting", "last met", "rang", "caught up", "last saw", "last chat", "last exchange", "last visit"), False),
    ("login_frequency_score", "Login frequency", FactKind.PERCENT, "", ("login", "log", "logged", "logging", "logon", "sign", "frequen", "come in", "came in"), False),
    ("usage_trend", "Usage trend", FactKind.WORD, "", ("usage", "trend"), False),
    ("payment_current", "Payment current", FactKind.YES_NO, "", ("pay", "paid", "invoice", "arrear"), False),
    ("stakeholder_engagement_score", "Stakeholder engagement", FactKind.PERCENT, "", ("stakeholder", "engage", "sponsor"), True),
    ("nps_score", "NPS", FactKind.NUMBER, "", ("nps", "recommend", "promoter", "survey", "rated", "rating", "gave us", "give us", "scored us", "score us", "satisf", "feedback", "out of 10", "out of ten", "marks us", "marked us"), False),
    ("renewal_days_out", "Days to renewal", FactKind.DAYS, "", ("renew", "contract", "expir", "agreement", "lapse", "runs out", "run out"), False),
    ("seats_utilization", "Seat utilisation", FactKind.PERCENT, "", ("seat", "util", "licen", "lic", "used", "using", "uses", "occup", "capacity", "access", "bought", "paid", "deploy"), False),
    ("escalation_history_count", "Escalations", FactKind.COUNT, "escalations", ("escalat", "esc", "up the chain", "up the ladder", "up the line", "upstairs", "over our heads", "senior management", "went to management", "to their management", "to our management", "to leadership", "to the executives", "to your executives", "to their executives", "to our executives", "to your directors", "to their directors", "to our directors", "to the directors", "taken higher", "went higher", "higher up", "to the top", "raised to", "raised with", "management attention", "executive attention", "desk of", "second line", "second level", "to the board", "to your boss", "reached management", "reached our management", "reached your management"), False),
    ("tam_health_rag", "TAM health", FactKind.WORD, "", ("tam", "technical"), True),
)  # fmt: skip


def _inputs() -> tuple[Entry, ...]:
    entries = []
    for name, label, kind, unit, topics, is_internal in _INPUTS:
        for moment, suffix, words in (
            (Moment.NOW, "now", "now"),
            (Moment.START, "at_start", "at the start of the quarter"),
        ):
            entries.append(
                Entry(
                    id=f"input.{name}.{suffix}",
                    label=f"{label}, {words}",
                    kind=kind,
                    unit=unit,
                    topics=topics,
                    moment=moment,
                    is_internal=is_internal,
                )
            )
    return tuple(entries)


CATALOGUE: tuple[Entry, ...] = (
    Entry(id="account.name", label="Account", kind=FactKind.NAME),
    Entry(id="account.segment", label="Segment", kind=FactKind.NAME, topics=("segment",)),
    Entry(id="account.lifecycle_stage", label="Lifecycle stage", kind=FactKind.NAME, topics=("stage", "lifecycle")),
    Entry(id="owner.name", label="Customer success manager", kind=FactKind.NAME, topics=("owner", "manager")),
    Entry(id="contact.*.name", label="Contact", kind=FactKind.NAME, topics=("contact",)),
    Entry(id="quarter.label", label="Quarter", kind=FactKind.QUARTER, topics=("quarter", "review", "period")),
    Entry(id="quarter.next_label", label="Next quarter", kind=FactKind.QUARTER, topics=("next", "plan", "ahead", "coming", "upcoming", "following")),
    Entry(id="quarter.start", label="First day of the quarter", kind=FactKind.DATE, topics=("quarter", "review", "period", "start", "began", "since")),
    Entry(id="quarter.last_day", label="Last day of the quarter", kind=FactKind.DATE, topics=("quarter", "review", "period", "end", "close")),
    Entry(id="quarter.as_of", label="Figures as of", kind=FactKind.DATE, topics=("as of", "figure", "data", "stand", "quarter", "period", "review", "now", "today")),
    Entry(id="health.score_now", label="Health score, now", kind=FactKind.SCORE, topics=_HEALTH, moment=Moment.NOW, is_internal=True),
    Entry(id="health.score_at_start", label="Health score, at the start of the quarter", kind=FactKind.SCORE, topics=_HEALTH, moment=Moment.START, is_internal=True),
    Entry(id="health.score_change", label="Change of the health score over the quarter", kind=FactKind.POINTS, topics=_HEALTH, is_internal=True),
    Entry(id="health.band_now", label="Health band, now", kind=FactKind.WORD, topics=_BAND, moment=Moment.NOW, is_internal=True),
    Entry(id="health.band_at_start", label="Health band, at the start of the quarter", kind=FactKind.WORD, topics=_BAND, moment=Moment.START, is_internal=True),
    Entry(id="health.coverage", label="Share of the score that was observed", kind=FactKind.PERCENT, topics=("coverage", "observed", "score", "known"), is_internal=True),
    Entry(id="health.weeks_green", label="Weeks in Green", kind=FactKind.WEEKS, topics=("green",), is_internal=True),
    Entry(id="health.weeks_amber", label="Weeks in Amber", kind=FactKind.WEEKS, topics=("amber",), is_internal=True),
    Entry(id="health.weeks_red", label="Weeks in Red", kind=FactKind.WEEKS, topics=("red",), is_internal=True),
    Entry(id="health.weeks_unknown", label="Weeks without a known band", kind=FactKind.WEEKS, topics=("unknown", "without"), is_internal=True),
    Entry(id="policy.amber_threshold", label="Score under which an account is Amber", kind=FactKind.SCORE, topics=("amber", "threshold", "green", "limit"), is_internal=True),
    Entry(id="policy.red_threshold", label="Score under which an account is Red", kind=FactKind.SCORE, topics=("red", "threshold", "limit"), is_internal=True),
    Entry(id="driver.*.name", label="What costs the score points", kind=FactKind.WORD, is_internal=True),
    Entry(id="driver.*.points", label="Points that it costs", kind=FactKind.COUNT, unit="points", topics=("cost", "driver", "takes", "taken", "took", "deduct", "penal"), is_internal=True),
    Entry(id="history.*.score", label="Health score", kind=FactKind.SCORE, topics=_HEALTH, is_internal=True),
    Entry(id="history.*.band", label="Health band", kind=FactKind.WORD, topics=_BAND, is_internal=True),
    *_inputs(),
    Entry(id="input.last_interaction_on", label="Last interaction", kind=FactKind.DATE, topics=("interact", "spoke", "spoken", "met", "contact", "talk", "touch", "conversation", "heard", "last", "silen", "last conversation", "last call", "last contact", "last talk", "last touch", "last meeting", "last visit", "confer", "last exchange", "last saw", "last chat", "last caught")),
    Entry(id="seats.used", label="Seats used", kind=FactKind.COUNT, unit="seats", topics=("seat", "licen", "lic", "use", "used", "using", "user", "active", "people", "colleague", "log", "logged", "logging", "work", "working", "productive", "on board", "employee", "team member", "member", "staff", "head", "person", "workforce", "occup", "assigned", "taken", "fill", "login", "logins", "account holder")),
    Entry(id="seats.purchased", label="Seats purchased", kind=FactKind.COUNT, unit="seats", topics=("seat", "licen", "lic", "purchas", "bought", "buy", "contract", "paid", "people", "colleague", "entitle", "acquir", "user", "total", "available", "employee", "team member", "member", "staff", "head", "person", "workforce", "occup", "assigned", "taken", "fill", "login", "logins", "account holder")),
    Entry(id="seats.unused", label="Seats not in use", kind=FactKind.COUNT, unit="seats", topics=("seat", "licen", "lic", "unused", "idle", "free", "spare", "not in use", "people", "colleague", "shelf", "user", "dormant", "unassigned", "unclaimed", "inactive", "empty", "vacant", "gather dust", "employee", "team member", "member", "staff", "head", "person", "workforce", "occup", "assigned", "taken", "fill", "login", "logins", "account holder")),
    Entry(id="contract.arr", label="ARR", kind=FactKind.MONEY, topics=("arr", "revenue", "contract", "spend", "worth", "value", "recurring", "pay", "paid", "costs", "year", "annual", "annum", "annual fee", "yearly fee", "the fee", "licence fee", "license fee", "money", "renewal", "deal", "agreement", "commercial", "subscription", "consideration", "stake")),
    Entry(id="contract.renewal_on", label="Renewal date", kind=FactKind.DATE, topics=("renew", "contract", "expir", "agreement", "lapse", "contract end", "contract run", "contract last", "agreement end", "agreement run", "term end", "runs to", "runs until", "run until", "runs out", "comes up", "coming up", "is up", "rolls over", "runs through", "end date", "subscription")),
    Entry(id="contract.notice_on", label="Notice date", kind=FactKind.DATE, topics=("notice", "cancel", "terminat", "next term", "decide", "opt out", "want out", "wants out", "walk away", "get out", "non-renew", "withdraw", "say no", "last day to", "last chance", "exit", "back out", "backs out", "pull out", "pulls out", "step away", "tell us by")),
    Entry(id="contract.days_to_notice", label="Days to the notice date", kind=FactKind.DAYS, topics=("notice", "cancel", "terminat", "next term", "decide", "opt out", "want out", "wants out", "walk away", "get out", "non-renew", "withdraw", "say no", "last day to", "last chance", "exit", "back out", "backs out", "pull out", "pulls out", "step away", "tell us by")),
    Entry(id="contract.days_to_renewal", label="Days to the renewal date", kind=FactKind.DAYS, topics=("renew", "contract", "expir")),
    Entry(id="benchmark.adoption_median", label="Median feature adoption of the segment", kind=FactKind.PERCENT, topics=("customers", "usual", "median", "benchmark", "segment", "peer", "compar", "typical", "similar", "cohort", "crowd", "others", "norm", "average", "going rate", "reference", "industry", "rest of", "field", "companies like", "accounts like", "elsewhere", "market")),
    Entry(id="benchmark.accounts", label="Accounts in the benchmark", kind=FactKind.COUNT, unit="accounts", topics=("account", "peer", "benchmark", "segment", "compar", "customer", "cohort", "compan", "median", "sample", "reference", "similar")),
    Entry(id="features.licensed", label="Features licensed", kind=FactKind.NAMES, topics=("feature", "licen", "module")),
    Entry(id="features.used", label="Features used", kind=FactKind.NAMES, topics=("feature", "module")),
    Entry(id="features.unused", label="Licensed features not in use", kind=FactKind.NAMES, topics=("feature", "module")),
    Entry(id="features.licensed_count", label="Number of features licensed", kind=FactKind.COUNT, unit="features", topics=("feature", "module", "licen", "tool", "capabilit", "function", "package")),
    Entry(id="features.used_count", label="Number of features used", kind=FactKind.COUNT, unit="features", topics=("feature", "module", "use", "used", "using", "tool", "capabilit", "function", "package")),
    Entry(id="roi.*", label="ROI fact", kind=FactKind.NUMBER),
    Entry(id="goals.text", label="Customer goals", kind=FactKind.TEXT, topics=("goal", "objective", "aim")),
    Entry(id="commitment.*.text", label="Commitment of the previous review", kind=FactKind.TEXT, topics=("commit", "agreed", "promis")),
    Entry(id="commitment.*.owner", label="Owner of the commitment", kind=FactKind.NAME),
    Entry(id="commitment.*.due_on", label="Due date of the commitment", kind=FactKind.DATE, topics=("due", "commit", "agreed", "promis")),
    Entry(id="commitment.*.outcome", label="Outcome of the commitment", kind=FactKind.WORD, topics=("commit", "outcome")),
    Entry(id="commitments.total", label="Commitments of the previous review", kind=FactKind.COUNT, unit="commitments", topics=("commit", "agreed", "promis", "pledge", "undertak", "obligat", "action", "signed up", "said we", "owed", "deliverable")),
    Entry(id="commitments.kept", label="Commitments kept", kind=FactKind.COUNT, unit="commitments", topics=("commit", "kept", "done", "deliver", "complet", "promis", "pledge", "undertak", "perform", "fulfil", "obligat", "action", "met", "honour", "honor", "said we", "signed up", "did", "agreed")),
    Entry(id="coaching.*.step", label="Step of the adoption plan that was done", kind=FactKind.TEXT, topics=("adoption plan", "coaching")),
    Entry(id="coaching.*.done_on", label="Day on which it was done", kind=FactKind.DATE, topics=("adoption plan", "coaching", "done on")),
    Entry(id="coaching.done", label="Steps of the adoption plan done in the quarter", kind=FactKind.COUNT, unit="steps", topics=("adoption plan", "coaching", "step")),
    Entry(id="plan.first_step_by", label="Proposed date of the first step", kind=FactKind.DATE, topics=ANY_TOPIC),
    Entry(id="plan.second_step_by", label="Proposed date of the second step", kind=FactKind.DATE, topics=ANY_TOPIC),
    Entry(id="plan.next_review_on", label="Proposed date of the next review", kind=FactKind.DATE, topics=ANY_TOPIC),
)  # fmt: skip
"""``contract.renewal_on`` gives the date, ``input.renewal_days_out.now`` the days to it."""

FACT_IDS: tuple[str, ...] = tuple(entry.id for entry in CATALOGUE)

_BY_ID = {entry.id: entry for entry in CATALOGUE if "*" not in entry.id}
_FAMILIES = tuple(
    (re.compile(re.escape(entry.id).replace(r"\*", r"[a-z0-9][a-z0-9_-]*")), entry)
    for entry in CATALOGUE
    if "*" in entry.id
)


def entry(fact_id: str) -> Entry | None:
    """Return the catalogue's entry for a fact id, its family's for ``driver.2.points``, or None."""
    if fact_id in _BY_ID:
        return _BY_ID[fact_id]
    return next((found for pattern, found in _FAMILIES if pattern.fullmatch(fact_id)), None)


def fact(
    fact_id: str,
    value: FactValue | int | float | list[str],
    *,
    source: str,
    as_of: date,
    label: str | None = None,
    kind: FactKind | None = None,
    unit: str | None = None,
    currency: str = "",
    period: str = "",
    source_url: str = "",
    is_stale: bool = False,
) -> Fact:
    """Make a fact of the catalogue; only what the catalogue leaves open has to be said.

    Raises ValueError for an id that the catalogue does not have, or a value that is not of its kind.
    """
    known = entry(fact_id)
    if known is None:
        raise ValueError(f"The catalogue of QBR facts has no {fact_id}.")
    return Fact(
        id=fact_id,
        label=label or known.label,
        kind=kind or known.kind,
        value=value,  # type: ignore[arg-type]  # Fact turns ints, floats and lists into its own types
        source=source,
        as_of=as_of,
        unit=known.unit if unit is None else unit,
        currency=currency,
        period=period,
        source_url=source_url,
        is_stale=is_stale,
        is_internal=known.is_internal,
    )
