"""``NotionCSMAdapter``: a tenant's Notion workspace behind the portal's port (SPEC 2.1)."""

from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from notion_client import Client

from csm_portal.integrations.notion import (
    account_pages,
    answers,
    changes,
    entries,
    fields,
    figures,
    pacing,
    profiles,
    qbr_pages,
    qbr_schema,
    sources,
)
from csm_portal.integrations.notion import client as notion
from csm_portal.integrations.notion.answers import DataSourceAnswer, UserAnswer
from csm_portal.ports.documents import Document
from csm_portal.ports.figures import FigureProperties, PageEdit
from csm_portal.ports.profiles import NewBlock, PageBlock, SubPage
from csm_portal.ports.qbr_pages import QBRBody, QBRPageState
from csm_portal.ports.workspace import (
    AccountRecord,
    AccountsPage,
    DataSourceInfo,
    EditedPage,
    KnownRows,
    LookedUp,
    MappingProblem,
    PropertyCheck,
    PropertyMapping,
    QBREntry,
    QBRPageRef,
    Usage,
    Workspace,
    WorkspaceConfig,
)

ACCOUNTS, QBRS = account_pages.ACCOUNTS, qbr_pages.QBRS


class NotionCSMAdapter(Workspace):
    """The accounts and the QBRs of one workspace. Raises PortError and nothing else.

    Ids are taken in any form that a person pastes. ``client`` may be the bare SDK client: its token,
    address and connections are used, its retries and version are not. Nothing is asked for before it is
    needed; which data source is meant is asked for once.
    """

    def __init__(
        self,
        client: notion.NotionClient | Client,
        accounts_database_id: str,
        qbr_database_id: str | None = None,
        *,
        accounts_data_source_id: str | None = None,
    ) -> None:
        self._client = client if isinstance(client, notion.NotionClient) else notion.NotionClient(client, gate=pacing.Pacer(budget=180))  # fmt: skip
        self.usage: Usage = self._client.usage
        self._accounts_id = accounts_database_id
        self._qbrs_id = qbr_database_id
        self._named_source = accounts_data_source_id
        self._found: dict[str, str] = {}
        self._schema: DataSourceAnswer | None = None
        self._columns: entries.Columns | None = None
        self._qbr_pages = qbr_pages.QBRPages(
            self._client, source_id=self._qbr_source_id, columns=self._qbr_columns
        )

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def __enter__(self) -> "NotionCSMAdapter":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def check_access(self) -> str:
        """Return the name of the integration that the token belongs to."""
        answer = self._client.read("users/me", what="the integration")
        return answers.parse(UserAnswer, answer, what="the integration").name or "Unnamed integration"

    def describe_accounts(self) -> DataSourceInfo:
        """Return the accounts data source with its live schema."""
        return fields.describe(self._accounts())

    def describe_qbrs(self) -> DataSourceInfo:
        """Return the QBR data source with its live schema."""
        return fields.describe(self._qbrs())

    def default_mapping(self, source: DataSourceInfo) -> dict[str, str]:
        """Return field -> property id for every field found under one of its default names."""
        return fields.defaults(source)

    def check_mapping(self, source: DataSourceInfo, mapping: PropertyMapping) -> list[MappingProblem]:
        """Name each mapped property that is missing or of a type that cannot carry its field."""
        return fields.problems(source, mapping)

    def preview_accounts(self, mapping: PropertyMapping, *, count: int) -> tuple[AccountRecord, ...]:
        """Return the first rows of the accounts data source as this mapping reads them."""
        return self._account_pages().first(mapping, count=count)

    def check_qbr_properties(self) -> tuple[PropertyCheck, ...]:
        """Hold the QBR data source against what a QBR needs there."""
        return qbr_schema.checks(self._qbrs(), accounts=[self._accounts_source_id()])

    def create_qbr_properties(self, names: Collection[str]) -> tuple[str, ...]:
        """Add those of the named properties that the QBR data source lacks, and nothing else; return what was added."""
        self._columns = None
        accounts = self._accounts_source_id()
        return qbr_schema.create(self._client, self._qbrs(), names, accounts_source_id=accounts, what=QBRS)

    def scan_accounts(
        self,
        mapping: PropertyMapping,
        *,
        known: KnownRows = KnownRows(),  # noqa: B008  frozen
    ) -> Generator[AccountsPage, None, None]:
        """Yield every row, then every archived row, at most 100 a page, read ahead by threads of their own.

        A row that is archived while the scan goes on may come in both halves. Close the iterator to end the threads.
        """
        yield from self._account_pages().scan(mapping, known=known)

    def query_all_accounts(self, mapping: PropertyMapping | None = None) -> list[AccountRecord]:
        """Return every account once, archived ones included, under the default mapping if none is given.

        Raises PortError where Notion cut the result short: part of the accounts is never taken for all.
        """
        return account_pages.every(self.scan_accounts(mapping or self._default_mapping()))

    def get_account(self, account_id: str, mapping: PropertyMapping | None = None) -> AccountRecord:
        """Return one account by its page id. A page in the trash or of another database is not found."""
        source = self._accounts()
        chosen = fields.defaults(fields.describe(source)) if mapping is None else mapping
        return account_pages.AccountPages(self._client, source).one(account_id, chosen)

    def look_up_accounts(self, account_ids: Iterable[str], mapping: PropertyMapping) -> Iterator[LookedUp]:
        """Ask for each of these accounts by its page id: one request each, and one for the schema."""
        yield from self._account_pages().look_up(account_ids, mapping)

    def edited_accounts(self, *, since: datetime, source_id: str = "") -> Iterator[EditedPage]:
        """Yield the rows edited in the minute of ``since`` or later, then the archived ones among them."""
        if source_id:
            self._found.setdefault(ACCOUNTS, source_id)
        yield from changes.edited(
            self._client,
            self._accounts_source_id(),
            since=since,
            # Whoever reads the rows has just asked for the schema, to hold the mapping against it.
            describe=lambda: self._schema or self._accounts(),
        )

    def find_qbr_pages(self, key: str) -> list[QBRPageRef]:
        """Return every page of the QBR database that carries this key, archived ones included; none in the trash."""
        return self._qbr_pages.find(key)

    def create_qbr_page(self, entry: QBREntry, document: Document) -> tuple[QBRPageRef, list[str]]:
        """Create the entry as Draft with the first blocks of the body; return it and the ids of its top blocks."""
        return self._qbr_pages.create(entry, document)

    def count_qbr_blocks(self, document: Document) -> int:
        """Return how many top blocks a document becomes; asks nobody."""
        return self._qbr_pages.count(document)

    def append_qbr_body(self, page_id: str, document: Document, *, after: int) -> list[str]:
        """Append the next call's worth of top blocks at the end, skipping the first ``after``; return their ids."""
        return self._qbr_pages.append(page_id, document, after=after)

    def remove_qbr_block(self, block_id: str) -> None:
        """Put one top block into Notion's trash; one that is gone already is no error."""
        self._qbr_pages.remove(block_id)

    def qbr_block_ids(self, page_id: str) -> list[str]:
        """Return the ids of the page's top blocks in order."""
        return self._qbr_pages.block_ids(page_id)

    def read_qbr_body(self, page_id: str, *, without: Collection[str] = ()) -> QBRBody:
        """Return the page's body; the blocks named in ``without`` are left out of its ``lines``."""
        return self._qbr_pages.body(page_id, without=without)

    def read_qbr_lines(self, page_id: str) -> list[str]:
        """Return the words of the page's body, comparable with ``Document.plain_lines``."""
        return list(self._qbr_pages.body(page_id).lines)

    def read_qbr_page(self, page_id: str) -> QBRPageState:
        """Return a page by its id, be it in the trash, archived or moved."""
        return self._qbr_pages.state(page_id)

    def update_qbr_page(
        self, page_id: str, entry: QBREntry, *, status: str, leave: Collection[str] = ()
    ) -> QBRPageState:
        """Set the entry's properties but those named in ``leave``; ``status="Ready"`` is the last write of publishing."""
        return self._qbr_pages.update(page_id, entry, status=status, leave=leave)

    def describe_figures(self) -> FigureProperties:
        """Return where score and risk go in the accounts data source."""
        return figures.describe(self._accounts())

    def write_figures(
        self, account_id: str, values: Mapping[str, int | str], properties: FigureProperties
    ) -> PageEdit:
        """Set the given figures of one account's page; return what it says then."""
        return figures.write(self._client, account_id, values, properties)

    def own_id(self) -> str:
        """Return the id under which the integration appears as the author of what it writes."""
        return profiles.own_id(self._client)

    def find_sub_pages(self, account_id: str, title: str) -> list[SubPage]:
        """Return the pages of this title that stand directly on an account's page; none in the trash."""
        return profiles.find(self._client, account_id, title)

    def get_sub_page(self, page_id: str) -> SubPage:
        """Return a page by its id, be it renamed, moved or in the trash."""
        return profiles.state(self._client, page_id)

    def create_sub_page(self, account_id: str, title: str) -> SubPage:
        """Make an empty page under an account's page."""
        return profiles.create(self._client, account_id, title)

    def render_blocks(self, document: Document) -> list[NewBlock]:
        """Return the blocks that a document takes, in order."""
        return profiles.render(document)

    def read_blocks(self, page_id: str, *, whole: Collection[str] = (), made_by: str = "") -> list[PageBlock]:
        """Return the top blocks of a page in order, looking into those that are asked for."""
        return profiles.read(self._client, page_id, whole=whole, made_by=made_by)

    def insert_blocks(self, page_id: str, new: Sequence[NewBlock], *, after: str | None) -> list[str]:
        """Put as many of the first blocks as one request takes behind a block, or at the start."""
        return profiles.insert(self._client, page_id, new, after=after)

    def change_block(self, block_id: str, new: NewBlock) -> None:
        """Make a block of the same kind into this one, where it stands."""
        profiles.change(self._client, block_id, new)

    def remove_block(self, block_id: str) -> None:
        """Put one block with all it holds into Notion's trash."""
        profiles.remove(self._client, block_id)

    def _accounts(self) -> DataSourceAnswer:
        self._schema = sources.fetch(self._client, self._accounts_source_id(), what=ACCOUNTS)
        return self._schema

    def _qbrs(self) -> DataSourceAnswer:
        return sources.fetch(self._client, self._qbr_source_id(), what=QBRS)

    def _accounts_source_id(self) -> str:
        return self._source_id(self._accounts_id, named=self._named_source, what=ACCOUNTS)

    def _qbr_source_id(self) -> str:
        return self._source_id(self._qbrs_id, named=None, what=QBRS)

    def _source_id(self, given: str | None, *, named: str | None, what: str) -> str:
        if what not in self._found:
            identifier = sources.parsed(given, what=what)
            self._found[what] = sources.data_source_id(self._client, identifier, named=named, what=what)
        return self._found[what]

    def _default_mapping(self) -> dict[str, str]:
        return fields.defaults(self.describe_accounts())

    def _qbr_columns(self) -> entries.Columns:
        if self._columns is None:
            given = sources.parsed(self._accounts_id, what=ACCOUNTS)
            named = [sources.parsed(self._named_source, what=ACCOUNTS)] if self._named_source else []
            self._columns = entries.Columns(self._qbrs(), accounts=[given, *named])
        return self._columns

    def _account_pages(self) -> account_pages.AccountPages:
        return account_pages.AccountPages(self._client, self._accounts())


def connect(config: WorkspaceConfig) -> NotionCSMAdapter:
    """Return the workspace that a tenant's settings describe, without asking Notion anything yet."""
    client = notion.build(
        token=config.token,
        base_url=config.base_url,
        budget=config.budget,
        transport=config.transport,
        gate=config.gate,
    )
    return NotionCSMAdapter(
        client,
        config.accounts_database_id,
        config.qbr_database_id,
        accounts_data_source_id=config.accounts_data_source_id,
    )
