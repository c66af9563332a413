"""The pages of the accounts data source as records: all of them, some of them, one of them (SPEC 2.4)."""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any

from csm_portal.integrations.notion import answers, records, scanning, sources
from csm_portal.integrations.notion.answers import DataSourceAnswer, PageAnswer
from csm_portal.integrations.notion.client import NotionClient
from csm_portal.ports.errors import PortError, Trouble
from csm_portal.ports.workspace import AccountRecord, AccountsPage, KnownRows, LookedUp, PropertyMapping

ACCOUNTS = "the accounts database"
ACCOUNT_PAGE = "the account's page"


class AccountPages:
    """Reads the pages of one data source, whose schema is as it was a moment ago."""

    def __init__(self, client: NotionClient, source: DataSourceAnswer) -> None:
        self._client = client
        self._source = source
        self._path = f"data_sources/{source.id}/query"

    def scan(self, mapping: PropertyMapping, *, known: KnownRows) -> Generator[AccountsPage, None, None]:
        """Yield every row, then every archived row."""
        reader = records.Reader(self._client, self._source, mapping, is_scan=True)
        # The SDK's own query method drops ``is_archived`` without a word. Without it, archived rows are left out.
        for body, expected in (({}, known.current), ({"is_archived": True}, known.archived)):
            scan = scanning.Scan(
                client=self._client,
                path=self._path,
                what=ACCOUNTS,
                body=body,
                records=lambda results: self._records(reader, results),
                known=expected,
            )
            yield from scan.pages()

    def first(self, mapping: PropertyMapping, *, count: int) -> tuple[AccountRecord, ...]:
        """Return the first rows, whichever they are. One request."""
        reader = records.Reader(self._client, self._source, mapping, is_scan=False)
        answer = self._client.read(self._path, method="POST", body={"page_size": count}, what=ACCOUNTS)
        return self._records(reader, answers.parse(answers.ListAnswer, answer, what=ACCOUNTS).results[:count])

    def one(self, account_id: str, mapping: PropertyMapping) -> AccountRecord:
        """Return one account. A page in the trash or of another database is not found. Raises PortError."""
        identifier = sources.parsed(account_id, what="the account")
        answer = self._client.read(f"pages/{identifier}", what=ACCOUNT_PAGE)
        page = answers.parse(PageAnswer, answer, what=ACCOUNT_PAGE)
        if page.in_trash or page.parent.data_source_id != self._source.id:
            reason = "is in Notion's trash" if page.in_trash else "is not in the accounts database"
            raise PortError(f"The account's page {reason}.", trouble=Trouble.NOT_FOUND, permanent=True)
        return records.Reader(self._client, self._source, mapping, is_scan=False).record(page)

    def look_up(self, account_ids: Iterable[str], mapping: PropertyMapping) -> Iterator[LookedUp]:
        """Ask for each of these accounts; those that are not to be found come with the reason."""
        for account_id in account_ids:
            try:
                yield LookedUp(id=account_id, record=self.one(account_id, mapping))
            except PortError as error:
                if error.trouble is not Trouble.NOT_FOUND:
                    raise
                yield LookedUp(id=account_id, record=None, reason=str(error))

    def _records(
        self, reader: records.Reader, results: Sequence[Mapping[str, Any]]
    ) -> tuple[AccountRecord, ...]:
        return tuple(reader.record(page) for page in pages_of(self._client, results))


def pages_of(client: NotionClient, results: Sequence[Mapping[str, Any]]) -> Iterator[PageAnswer]:
    """Yield the pages among the results of a query, those in the trash left out."""
    for result in results:
        # A wiki lists its databases beside its pages.
        if result.get("object") != "page":
            continue
        answer = result
        if "properties" not in result:
            answer = client.read(f"pages/{result.get('id')}", what=ACCOUNT_PAGE)
        page = answers.parse(PageAnswer, answer, what=ACCOUNTS)
        if not page.in_trash:
            yield page


def every(pages: Iterator[AccountsPage]) -> list[AccountRecord]:
    """Return every account of a scan once. Raises PortError where part of them is all that came."""
    found: dict[str, AccountRecord] = {}
    for page in pages:
        if page.is_incomplete:
            raise PortError(
                f"Notion handed out only part of the accounts. {page.unread}",
                trouble=Trouble.BAD_ANSWER,
                permanent=True,
            )
        found |= {record.id: record for record in page.records}
    return list(found.values())
