"""The workspace that a tenant keeps its accounts in, and that QBRs are published to (SPEC 1, 2)."""

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol, TypeAlias

from csm_portal.ports.documents import Document
from csm_portal.ports.figures import FigureProperties, FiguresHeld, PageEdit
from csm_portal.ports.gates import Gate
from csm_portal.ports.profiles import NewBlock, PageBlock, SubPage
from csm_portal.ports.qbr_pages import QBRBody, QBRPageState


class ValueKind(StrEnum):
    """What a field of an account holds, and so how a property is read into it."""

    TEXT = "text"  # str
    NUMBER = "number"  # Decimal
    COUNT = "count"  # int, >= 0
    RATIO = "ratio"  # Decimal; a percentage property of 45 % arrives as 0.45
    DATE = "date"  # datetime.date
    BOOL = "bool"  # bool
    CHOICE = "choice"  # str, one of FieldSpec.choices (case and surrounding space ignored when read)
    PERSON = "person"  # Person
    TEXTS = "texts"  # tuple[str, ...]
    FACT = "fact"  # whatever the property holds: Decimal, date, bool or str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    name: str
    email: str | None = None


FieldValue: TypeAlias = str | int | bool | Decimal | date | Person | tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSpec:
    """One field of an account: its name in the portal and the property names it is looked for under.

    ``property_names`` are the defaults of SPEC 2.3, compared without case; the first is the one that the
    portal itself would create. ``minimum`` and ``maximum`` are the range of SPEC 1.
    """

    name: str
    kind: ValueKind
    property_names: tuple[str, ...]
    label: str
    required: bool = False
    choices: tuple[str, ...] = ()
    minimum: Decimal | None = None
    maximum: Decimal | None = None


_ZERO, _ONE = Decimal(0), Decimal(1)

ACCOUNT_FIELDS: tuple[FieldSpec, ...] = (
    FieldSpec(name="name", kind=ValueKind.TEXT, property_names=("Account", "Name", "Account Name", "Company"), label="Account name", required=True),
    FieldSpec(name="owner", kind=ValueKind.PERSON, property_names=("CSM", "Owner", "CSM Owner", "Account Owner", "Customer Success Manager"), label="Owner"),
    FieldSpec(name="segment", kind=ValueKind.TEXT, property_names=("Segment", "Tier", "Plan"), label="Segment"),
    FieldSpec(name="lifecycle_stage", kind=ValueKind.TEXT, property_names=("Lifecycle Stage", "Stage", "Lifecycle"), label="Lifecycle stage"),
    FieldSpec(name="arr", kind=ValueKind.NUMBER, property_names=("ARR", "Annual Recurring Revenue", "Contract Value"), label="ARR", minimum=_ZERO),
    FieldSpec(name="currency", kind=ValueKind.TEXT, property_names=("Currency", "ARR Currency"), label="Currency"),
    FieldSpec(name="feature_adoption_rate", kind=ValueKind.RATIO, property_names=("Feature Adoption Rate", "Feature Adoption", "Adoption Rate"), label="Feature adoption", minimum=_ZERO, maximum=_ONE),
    FieldSpec(name="support_ticket_volume", kind=ValueKind.COUNT, property_names=("Support Ticket Volume", "Open Tickets", "Support Tickets"), label="Open tickets", minimum=_ZERO),
    FieldSpec(name="support_sentiment", kind=ValueKind.CHOICE, property_names=("Support Sentiment", "Ticket Sentiment"), label="Support sentiment", choices=("positive", "neutral", "negative")),
    FieldSpec(name="last_interaction_on", kind=ValueKind.DATE, property_names=("Last Interaction", "Last Interaction Date", "Last Contact", "Last Touch"), label="Last interaction"),
    FieldSpec(name="login_frequency_score", kind=ValueKind.RATIO, property_names=("Login Frequency Score", "Login Frequency"), label="Login frequency", minimum=_ZERO, maximum=_ONE),
    FieldSpec(name="usage_trend", kind=ValueKind.CHOICE, property_names=("Usage Trend",), label="Usage trend", choices=("growing", "stable", "declining")),
    FieldSpec(name="payment_current", kind=ValueKind.BOOL, property_names=("Payment Current", "Payments Current", "Paid Up"), label="Payment current"),
    FieldSpec(name="stakeholder_engagement_score", kind=ValueKind.RATIO, property_names=("Stakeholder Engagement Score", "Stakeholder Engagement"), label="Stakeholder engagement", minimum=_ZERO, maximum=_ONE),
    FieldSpec(name="nps_score", kind=ValueKind.NUMBER, property_names=("NPS Score", "NPS"), label="NPS", minimum=_ZERO, maximum=Decimal(10)),
    FieldSpec(name="renewal_on", kind=ValueKind.DATE, property_names=("Renewal Date", "Renewal", "Contract Renewal", "Contract End"), label="Renewal date"),
    FieldSpec(name="notice_on", kind=ValueKind.DATE, property_names=("Notice Date", "Notice By"), label="Notice date"),
    FieldSpec(name="seats_used", kind=ValueKind.COUNT, property_names=("Seats Used", "Active Seats"), label="Seats used", minimum=_ZERO),
    FieldSpec(name="seats_purchased", kind=ValueKind.COUNT, property_names=("Seats Purchased", "Seats", "Licensed Seats"), label="Seats purchased", minimum=_ZERO),
    FieldSpec(name="escalation_history_count", kind=ValueKind.COUNT, property_names=("Escalation History Count", "Escalations", "Escalation Count"), label="Escalations", minimum=_ZERO),
    FieldSpec(name="tam_health_rag", kind=ValueKind.CHOICE, property_names=("Health Status",), label="TAM health", choices=("Red", "Amber", "Green")),
    FieldSpec(name="primary_contacts", kind=ValueKind.TEXTS, property_names=("Primary Contacts", "Contacts", "Primary Contact", "Stakeholders"), label="Primary contacts"),
    FieldSpec(name="notes", kind=ValueKind.TEXT, property_names=("Notes", "CSM Notes"), label="Notes"),
    FieldSpec(name="features_licensed", kind=ValueKind.TEXTS, property_names=("Features Licensed",), label="Features licensed"),
    FieldSpec(name="features_used", kind=ValueKind.TEXTS, property_names=("Features Used",), label="Features used"),
    FieldSpec(name="customer_goals", kind=ValueKind.TEXT, property_names=("Customer Goals", "Goals"), label="Customer goals"),
    FieldSpec(name="outcome", kind=ValueKind.TEXT, property_names=("Renewal Outcome", "Outcome"), label="Renewal outcome"),
    FieldSpec(name="outcome_on", kind=ValueKind.DATE, property_names=("Outcome Date", "Renewal Outcome Date"), label="Outcome date"),
    FieldSpec(name="outcome_reason", kind=ValueKind.TEXT, property_names=("Outcome Reason", "Churn Reason"), label="Outcome reason"),
)  # fmt: skip


PropertyMapping: TypeAlias = Mapping[str, str]
"""Field name -> property id."""

ROI_PREFIX = "roi."
"""How the field name of an ROI fact begins; any property can be one (ValueKind.FACT)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceConfig:
    """How to reach a tenant's workspace. ``budget`` is requests a minute; ids as a person pasted them."""

    # Left out of repr, which may end up in a log.
    token: str = field(repr=False)
    accounts_database_id: str
    qbr_database_id: str
    accounts_data_source_id: str | None = None
    base_url: str = "https://api.notion.com"
    budget: int = 180
    transport: Any = None
    # Whom every call asks first; without one a caller paces itself by ``budget``, alone in its process.
    gate: Gate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyInfo:
    id: str
    name: str
    type: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSourceInfo:
    """A data source as the workspace describes it today."""

    id: str
    database_id: str
    title: str
    url: str
    properties: tuple[PropertyInfo, ...]


class PropertyState(StrEnum):
    OK = "ok"
    MISSING = "missing"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyCheck:
    """A property that the portal writes, held against the live schema.

    ``type_word`` is what Notion's pages call the type that it should have; ``clause`` goes on from “The database …:”.
    """

    name: str
    type_word: str
    state: PropertyState
    clause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingProblem:
    """A field that the live schema cannot fill: no such property, or one of a type that cannot carry it."""

    field: str
    property_name: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldIssue:
    """A value of one account that could not be read; the field is unknown, the account is not lost."""

    field: str
    property_name: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRecord:
    """One account as the workspace holds it.

    ``values`` has a key for each mapped field that could be read; an empty property is None.
    A field that is absent is not mapped, or stands in ``issues``. Reads like a mapping too, flat
    (``record["name"]``, ``dict(record)``), for callers that pass accounts on as plain data (SPEC 2.5).
    """

    id: str
    url: str
    created_at: datetime
    last_edited_at: datetime
    is_archived: bool
    values: Mapping[str, FieldValue | None]
    issues: tuple[FieldIssue, ...] = ()
    # What the portal's own figures say there: no part of the account (SPEC 2.5a).
    figures: FiguresHeld = field(default_factory=dict)

    @property
    def account_id(self) -> str:
        return self.id

    def __getitem__(self, key: str) -> Any:
        if key in ("id", "account_id"):
            return self.id
        if key in ("url", "created_at", "last_edited_at", "is_archived"):
            return getattr(self, key)
        return self.values[key]

    def keys(self) -> list[str]:
        """Name what ``record[...]`` answers, so that ``dict(record)`` works."""
        return ["id", "account_id", "url", "created_at", "last_edited_at", "is_archived", *self.values]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountsPage:
    """One answer of a scan.

    ``is_incomplete``: rows are missing that the workspace would not hand out; ``unread`` says in a sentence which.
    """

    records: tuple[AccountRecord, ...]
    is_incomplete: bool = False
    unread: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedUp:
    """What the workspace says of one account that was asked for by its id.

    ``record`` is None where the account is gone, in the trash, moved elsewhere or no longer shared; ``reason`` then
    says so in a sentence.
    """

    id: str
    record: AccountRecord | None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRows:
    """When the rows that the portal knows were made, each in order: what a long scan is divided by."""

    current: Sequence[datetime] = ()
    archived: Sequence[datetime] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EditedPage:
    """One answer about rows that were edited of late. ``read`` makes records of them, under a mapping.

    It asks again only for what the answer leaves out. ``is_incomplete``: the workspace cut the result set short.
    """

    ids: tuple[str, ...]
    read: Callable[[PropertyMapping], tuple[AccountRecord, ...]]
    is_incomplete: bool = False


@dataclass(slots=True, kw_only=True)
class Usage:
    """What the calls of one workspace object have cost so far.

    ``waiting`` callers are held up right now, by the request budget or because the workspace asked for it.
    """

    requests: int = 0
    waited_seconds: float = 0.0
    waiting: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class QBREntry:
    """The properties of a QBR's entry in the QBR database (SPEC 2.6)."""

    key: str
    account_id: str
    account_name: str
    quarter: str
    health_score: int | None
    created_on: date

    @property
    def title(self) -> str:
        return f"QBR - {self.account_name} - {self.quarter}"


@dataclass(frozen=True, slots=True, kw_only=True)
class QBRPageRef:
    """A QBR's page in the workspace. ``status`` is Draft until the whole body was read back, then Ready."""

    id: str
    url: str
    key: str
    status: str | None = None
    title: str = ""
    is_archived: bool = False


class Workspace(Protocol):
    """A tenant's workspace. Synchronous; every method raises PortError and nothing else."""

    usage: Usage

    def check_access(self) -> str:
        """Return the name of the integration that the token belongs to."""

    def describe_accounts(self) -> DataSourceInfo:
        """Return the accounts data source with its live schema."""

    def describe_qbrs(self) -> DataSourceInfo:
        """Return the QBR data source with its live schema."""

    def default_mapping(self, source: DataSourceInfo) -> dict[str, str]:
        """Return field -> property id for every field of ACCOUNT_FIELDS found under one of its default names."""

    def check_mapping(self, source: DataSourceInfo, mapping: PropertyMapping) -> list[MappingProblem]:
        """Name each mapped property that is missing or of a type that cannot carry its field."""

    def preview_accounts(self, mapping: PropertyMapping, *, count: int) -> tuple[AccountRecord, ...]:
        """Return the first rows of the accounts data source as this mapping reads them. Two to three requests."""

    def check_qbr_properties(self) -> tuple[PropertyCheck, ...]:
        """Hold the QBR data source against what a QBR needs there: one answer a property of SPEC 2.6."""

    def create_qbr_properties(self, names: Collection[str]) -> tuple[str, ...]:
        """Add those of the named properties that the QBR data source lacks, and nothing else; return what was added."""

    def scan_accounts(
        self,
        mapping: PropertyMapping,
        *,
        known: KnownRows = KnownRows(),
    ) -> Generator[AccountsPage, None, None]:
        """Yield every row of the accounts data source, then every archived row, at most 100 a page.

        In no particular order where there are many: several parts are then read at the same time, divided by
        ``known``. Close the iterator where not all of it is wanted.
        """

    def get_account(self, account_id: str, mapping: PropertyMapping | None = None) -> AccountRecord:
        """Return one account by its page id."""

    def look_up_accounts(self, account_ids: Iterable[str], mapping: PropertyMapping) -> Iterator[LookedUp]:
        """Ask for each of these accounts by its page id: one request each, and one for the schema."""

    def edited_accounts(self, *, since: datetime, source_id: str = "") -> Iterator[EditedPage]:
        """Yield the rows edited in the minute of ``since`` or later, then the archived ones among them.

        At most 100 an answer; a row may come twice. ``source_id`` is the data source as ``describe_accounts`` named
        it, which spares asking for it.
        """

    def find_qbr_pages(self, key: str) -> list[QBRPageRef]:
        """Return every page of the QBR database that carries this key, archived ones included; none in the trash.

        A page that was just made may be missing: the workspace's index lags behind.
        """

    def create_qbr_page(self, entry: QBREntry, document: Document) -> tuple[QBRPageRef, list[str]]:
        """Create the entry as Draft with the first blocks of the body; return it and the ids of its top blocks."""

    def count_qbr_blocks(self, document: Document) -> int:
        """Return how many top blocks a document becomes; asks nobody."""

    def append_qbr_body(self, page_id: str, document: Document, *, after: int) -> list[str]:
        """Append the next call's worth of top blocks at the end, skipping the first ``after``; return their ids.

        An empty list means that nothing is left to append.
        """

    def remove_qbr_block(self, block_id: str) -> None:
        """Put one top block into the workspace's trash; one that is gone already is no error."""

    def read_qbr_body(self, page_id: str, *, without: Collection[str] = ()) -> QBRBody:
        """Return the page's body; the blocks named in ``without`` are left out of its ``lines``."""

    def read_qbr_lines(self, page_id: str) -> list[str]:
        """Return the words of the page's body, comparable with ``Document.plain_lines``."""

    def read_qbr_page(self, page_id: str) -> QBRPageState:
        """Return a page by its id, be it in the trash, archived or moved."""

    def update_qbr_page(
        self, page_id: str, entry: QBREntry, *, status: str, leave: Collection[str] = ()
    ) -> QBRPageState:
        """Set the entry's properties but those named in ``leave``; return the page as it is then.

        ``status="Ready"`` is the last write of publishing.
        """

    def describe_figures(self) -> FigureProperties:
        """Return where score and risk go in the accounts data source. One to two requests."""

    def write_figures(
        self, account_id: str, values: Mapping[str, int | str], properties: FigureProperties
    ) -> PageEdit:
        """Set the given figures of one account's page; return what it says then. Safe to be made again."""

    def own_id(self) -> str:
        """Return the id under which the portal appears as the author of what it writes."""

    def find_sub_pages(self, account_id: str, title: str) -> list[SubPage]:
        """Return the pages of this title that stand directly on an account's page; none in the trash."""

    def get_sub_page(self, page_id: str) -> SubPage:
        """Return a page by its id, wherever it is."""

    def create_sub_page(self, account_id: str, title: str) -> SubPage:
        """Make an empty page under an account's page."""

    def render_blocks(self, document: Document) -> list[NewBlock]:
        """Return the blocks that a document takes here, in order."""

    def read_blocks(self, page_id: str, *, whole: Collection[str] = (), made_by: str = "") -> list[PageBlock]:
        """Return the top blocks of a page in order.

        What is inside a block counts for its digest where it is named in ``whole`` or was made by ``made_by``.
        """

    def insert_blocks(self, page_id: str, new: Sequence[NewBlock], *, after: str | None) -> list[str]:
        """Put the first call's worth of blocks behind a block, or at the page's start; return their ids."""

    def change_block(self, block_id: str, new: NewBlock) -> None:
        """Make a block of the same kind into this one, where it stands. Safe to be made again."""

    def remove_block(self, block_id: str) -> None:
        """Put one block into the workspace's trash; one that is gone already is no error."""
