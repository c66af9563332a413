"""Pages by keyset: every row once, in order, forwards and backwards, whatever is equal or missing."""

import base64
import json
import random
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Account
from csm_portal.core import keyset
from csm_portal.core.keyset import Column, Part, Slice
from tests.factories import account_fields

FIELDS = ("pk", "arr", "name")


def make(count: int, seed: int) -> None:
    """Make accounts of which many have the same ARR, and some none."""
    dice = random.Random(seed)
    Account.objects.bulk_create(
        Account(
            **account_fields(arr=dice.choice([None, Decimal(10), Decimal(20), Decimal("20.50"), Decimal(30)]))
        )
        for _ in range(count)
    )


def parts(*, is_descending: bool = False) -> list[Part]:
    by_id = Column(by="pk", read=keyset.key, is_descending=is_descending)
    return [
        Part(
            rows=Account.objects.exclude(arr=None),
            columns=(Column(by="arr", read=keyset.decimal, is_descending=is_descending), by_id),
        ),
        Part(
            rows=Account.objects.filter(arr=None),
            columns=(Column(by="name", read=keyset.words), Column(by="pk", read=keyset.key)),
        ),
    ]


def page(mark: str = "", *, size: int = 4, is_descending: bool = False, order: str = "arr") -> Slice:
    return keyset.page(parts(is_descending=is_descending), order=order, mark=mark, fields=FIELDS, size=size)


def walk(**how: Any) -> list[Slice]:
    """Follow "next" from the first page to the last."""
    found = [page(**how)]
    while found[-1].next:
        found.append(page(found[-1].next, **how))
        assert len(found) < 100, "the walk does not end"
    return found


@pytest.mark.django_db
@pytest.mark.parametrize("is_descending", [False, True])
@pytest.mark.parametrize(("count", "size"), [(0, 4), (1, 4), (4, 4), (5, 4), (23, 4), (23, 1), (23, 50)])
def test_walking_forwards_meets_every_row_once_and_in_order(
    scoped: Any, count: int, size: int, is_descending: bool
) -> None:
    make(count, seed=count)

    rows = [row for one in walk(size=size, is_descending=is_descending) for row in one.rows]

    known = sorted(((row[1], row[0].hex) for row in rows if row[1] is not None), reverse=is_descending)
    unknown = sorted((row[2], row[0].hex) for row in rows if row[1] is None)
    assert len({row[0] for row in rows}) == len(rows) == count
    assert [row[0].hex for row in rows] == [key for _, key in (*known, *unknown)]


@pytest.mark.django_db
@pytest.mark.parametrize("is_descending", [False, True])
def test_walking_backwards_meets_the_same_pages(scoped: Any, is_descending: bool) -> None:
    make(23, seed=5)
    forwards = walk(is_descending=is_descending)

    backwards = [forwards[-1]]
    while backwards[-1].previous:
        backwards.append(page(backwards[-1].previous, is_descending=is_descending))

    # The last page is short, so the one before it holds the rows in front of it: the same as on the way there.
    assert [one.rows for one in reversed(backwards)] == [one.rows for one in forwards]


@pytest.mark.django_db
def test_a_row_that_comes_in_front_shifts_nothing(scoped: Any) -> None:
    make(12, seed=1)
    first = page()
    second = page(first.next)

    Account.objects.create(**account_fields(arr=Decimal(1)))

    assert page(first.next).rows == second.rows


@pytest.mark.django_db
def test_a_page_whose_neighbours_went_gives_way_to_the_first(scoped: Any) -> None:
    make(12, seed=1)
    second = page(page().next)
    Account.objects.filter(pk__in=[row[0] for row in page().rows[:2]]).delete()

    first = page(second.previous)

    assert len(first.rows) == 4
    assert first.previous == ""
    assert first.rows == page().rows


@pytest.mark.django_db
def test_a_page_inside_the_known_costs_one_query(scoped: Any) -> None:
    Account.objects.bulk_create(Account(**account_fields()) for _ in range(20))

    with CaptureQueriesContext(connection) as queries:
        page()

    assert len(queries) == 1


@pytest.mark.django_db
@given(mark=st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: raw.hex()))
def test_a_mark_that_is_none_is_refused_and_nothing_else(mark: str) -> None:
    if not mark:
        return
    with pytest.raises(keyset.UnknownPlace):
        keyset._read(mark, order="arr", parts=_shape())


def _shape() -> list[Part]:
    columns = (Column(by="arr", read=keyset.decimal), Column(by="pk", read=keyset.key))
    return [Part(rows=None, columns=columns)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "told",
    [
        ["n", "arr", 0, "12", "no id"],
        ["n", "arr", 0, "twelve", "00000000-0000-0000-0000-000000000000"],
        ["n", "arr", 0, "NaN", "00000000-0000-0000-0000-000000000000"],
        ["n", "arr", 0, "1e400", "00000000-0000-0000-0000-000000000000"],
        ["n", "arr", 1, "12", "00000000-0000-0000-0000-000000000000"],
        ["n", "arr", True, "12", "00000000-0000-0000-0000-000000000000"],
        ["n", "arr", 0, "12"],
        ["x", "arr", 0, "12", "00000000-0000-0000-0000-000000000000"],
        ["n", "name", 0, "12", "00000000-0000-0000-0000-000000000000"],
        ["n", "arr", 0, 12, "00000000-0000-0000-0000-000000000000"],
        ["n", "arr", 0, None, None],
        {"n": 1},
        12,
        [],
    ],
)
def test_a_forged_mark_is_refused(told: Any) -> None:
    mark = base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")

    with pytest.raises(keyset.UnknownPlace):
        keyset._read(mark, order="arr", parts=_shape())


@pytest.mark.django_db
def test_a_mark_of_another_order_is_refused(scoped: Any) -> None:
    make(12, seed=2)

    with pytest.raises(keyset.UnknownPlace):
        page(page().next, order="-arr")
