"""The measures themselves: pages at two sizes, against Django's admin and against their own statements."""

import gzip
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from django.conf import settings
from django.contrib.staticfiles import finders
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from benchmarks import book as books
from benchmarks import scoring, scratch, targets, visits
from benchmarks.book import Book
from benchmarks.targets import Figure
from benchmarks.visits import Visitor

FEW: Final = 10
MANY: Final = 100
KB: Final = 1024
_SEED: Final = 20260514
_LISTS: Final = ("list", "churn risk", "QBR list")
_ADMIN: Final = "Django admin"
_ADMIN_PAGES: Final[Mapping[str, str]] = {
    _ADMIN: "/stock-admin/accounts/account/",
    f"{_ADMIN} with filters": "/stock-admin-filters/accounts/account/",
}
_STATIC_BUDGET: Final = 60 * KB

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one page took at one size: seconds in all, seconds of its statements alone, how many they are."""

    page: str
    size: int
    whole: float
    sql: float
    statements: int

    @property
    def python(self) -> float:
        return self.whole - self.sql


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """All that one run found out. ``admin_with_filters`` is printed beside the figure that decides."""

    database: str
    costs: tuple[Cost, ...]
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shelf:
    """A database with its book of business, and somebody who looks into it."""

    connection: BaseDatabaseWrapper
    book: Book
    visitor: Visitor

    def pages(self) -> dict[str, str]:
        """Return the addresses of the measured pages; they change as the book grows."""
        with scratch.using(self.connection):
            return books.addresses(self.book)


def measure(*, sizes: tuple[int, int], rounds: int, folder: Path, tell: Tell) -> Measured:
    """Fill two scratch databases to these sizes and measure every page in both.

    ``folder`` takes the files, ``tell`` hears how far it is. Takes about a minute at 1,000 and 10,000.
    """
    with ExitStack() as stack:
        small = _shelve("small", folder, stack)
        _fill(small, FEW)
        few = _statements(small)
        _fill(small, MANY)
        counts = _counts(few, _statements(small))
        _fill(small, sizes[0], is_last=True)
        tell(_contents(small))
        large = _shelve("large", folder, stack)
        _fill(large, sizes[1], is_last=True)
        tell(_contents(large))
        costs = _time((small, large), rounds=rounds)
        with scratch.using(large.connection):
            weights = _weights(large)
            database = _database()
            scored = scoring.figures(large.book, rounds=rounds, tell=tell)
    figures = (*_against_admin(costs, sizes[1]), *_growth(costs, sizes), *counts, *scored, *weights)
    return Measured(database=database, costs=tuple(costs.values()), figures=figures)


def _shelve(name: str, folder: Path, stack: ExitStack) -> _Shelf:
    connection = stack.enter_context(scratch.database(name, folder=folder))
    book = books.open_book(seed=_SEED)
    return _Shelf(connection=connection, book=book, visitor=Visitor(book.session))


def _fill(shelf: _Shelf, size: int, *, is_last: bool = False) -> None:
    with scratch.using(shelf.connection):
        books.grow(shelf.book, size)
        if is_last:
            books.lay_history(shelf.book)
            scratch.settle(shelf.connection)


def _contents(shelf: _Shelf) -> str:
    with scratch.using(shelf.connection):
        return books.counted(shelf.book)


def _statements(shelf: _Shelf) -> dict[str, int]:
    """Count the statements of each page, and of the fragment that htmx asks for."""
    with scratch.using(shelf.connection):
        pages = books.addresses(shelf.book)
        found = {}
        for page, address in pages.items():
            # The first request of a process fills caches, of content types for one.
            shelf.visitor.get(address)
            found[page] = len(shelf.visitor.statements(address))
            if page in _LISTS:
                found[f"{page}, fragment"] = len(shelf.visitor.statements(address, is_swap=True))
        return found


def _counts(few: Mapping[str, int], many: Mapping[str, int]) -> list[Figure]:
    """Return P4. ``few`` and ``many`` are the counts at 10 and at 100 accounts."""
    figures = [
        Figure(target="more queries", page=page, value=many[page] - few[page])
        for page in few
        # Ten accounts have one page; the last page of a hundred comes by another way.
        if page != "last page"
    ]
    for page, number in many.items():
        target = "account queries" if page == "account" else "list queries"
        figures.append(Figure(target=target, page=page, value=number))
    return figures


def _time(shelves: Iterable[_Shelf], *, rounds: int) -> dict[tuple[str, int], Cost]:
    """Return the costs of every page in every database, all measured in turn."""
    works: dict[tuple[str, int, str], Callable[[], object]] = {}
    numbers: dict[tuple[str, int], int] = {}
    for shelf in shelves:
        size = shelf.book.size
        for page, address in {**shelf.pages(), **_ADMIN_PAGES}.items():
            with scratch.using(shelf.connection):
                statements = shelf.visitor.statements(address)
            numbers[page, size] = len(statements)
            works[page, size, "whole"] = partial(_on, shelf.connection, shelf.visitor.get, address)
            works[page, size, "sql"] = partial(_on, shelf.connection, visits.replay, statements)
    taken = visits.medians(works, rounds=rounds)
    return {
        (page, size): Cost(
            page=page,
            size=size,
            whole=taken[page, size, "whole"],
            sql=taken[page, size, "sql"],
            statements=number,
        )
        for (page, size), number in numbers.items()
    }


def _on(connection: BaseDatabaseWrapper, work: Callable[..., object], given: object) -> None:
    with scratch.using(connection):
        work(given)


def _against_admin(costs: Mapping[tuple[str, int], Cost], size: int) -> list[Figure]:
    """Return P1 and P2, against the admin's list without filters: the harder of the two to hold."""
    ours, theirs = costs["list", size], costs[_ADMIN, size]
    return [
        Figure(target="admin", page="list", value=ours.whole / theirs.whole),
        Figure(target="sql", page="list", value=ours.whole / ours.sql),
        Figure(target="python", page="list", value=ours.python / theirs.python),
    ]


def _growth(costs: Mapping[tuple[str, int], Cost], sizes: tuple[int, int]) -> list[Figure]:
    """Return P3 for every page of the portal."""
    small, large = sizes
    return [
        Figure(
            target="growth",
            page=page,
            value=targets.exponent(small=cost.whole, large=costs[page, large].whole, sizes=sizes),
        )
        for (page, size), cost in costs.items()
        if size == small and page not in _ADMIN_PAGES
    ]


def _weights(shelf: _Shelf) -> list[Figure]:
    """Return P8: what travels for fifty rows, for the swap of a table, and for the first visit."""
    figures = []
    pages = shelf.pages()
    for page in _LISTS:
        whole = shelf.visitor.get(pages[page]).body
        part = shelf.visitor.get(pages[page], is_swap=True).body
        figures.append(Figure(target="bytes", page=page, value=_packed(whole) / KB))
        figures.append(Figure(target="swap", page=page, value=_packed(part) / _packed(whole)))
    files = _files(shelf.visitor.get(pages["list"]).body.decode())
    figures.append(
        Figure(
            target="static",
            page=f"{len(files)} files",
            value=sum(_packed(path.read_bytes(), level=9) for path in files) / _STATIC_BUDGET,
        )
    )
    return figures


def _files(html: str) -> list[Path]:
    """Return the files that the page links: styles, scripts and the icon. Raises RuntimeError if one is missing."""
    names = dict.fromkeys(
        re.findall(rf'(?:href|src)="{re.escape(settings.STATIC_URL)}([^"?#]+)"', html, flags=re.IGNORECASE)
    )
    found = []
    for name in names:
        path = finders.find(name)
        if path is None:
            raise RuntimeError(f"The page links {name}, and no such file is among the static ones.")
        found.append(Path(path))
    return found


def _packed(content: bytes, *, level: int = 6) -> int:
    return len(gzip.compress(content, level, mtime=0))


def _database() -> str:
    connection.ensure_connection()
    version = ".".join(str(part) for part in connection.get_database_version())
    return f"{connection.display_name} {version}"
