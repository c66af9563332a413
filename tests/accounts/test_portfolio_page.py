"""The portfolio in the browser: one view, whole or as the table alone, the address as its state."""

import gzip
import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from csm_portal.core.models import Tenant, User
from csm_portal.core.scope import tenant_scope
from tests.accounts.health_rows import make_health
from tests.conftest import make_member, signed_in
from tests.factories import make_account, make_accounts

pytestmark = pytest.mark.django_db

URL = "/accounts/"
HTMX = {"HX-Request": "true"}


def text(response: HttpResponse) -> str:
    """Return what a reader reads."""
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))


def links(response: HttpResponse, rel: str) -> list[str]:
    return [
        unescape(found) for found in re.findall(rf'rel="{rel}" href="([^"]+)"', response.content.decode())
    ]


def fill(tenant: Tenant, count: int, **fields: Any) -> list[Account]:
    with tenant_scope(tenant):
        accounts = make_accounts(count, **fields)
        for number, account in enumerate(accounts):
            make_health(
                account,
                score=number % 100,
                band="Red" if number % 100 < 40 else "Green",
                previous=50,
                drivers=[("Usage trend", 20), ("Stakeholder engagement", 8)],
                sparkline=[50 + (number * week) % 17 for week in range(12)],
            )
    return accounts


def test_a_csm_begins_with_their_own_accounts_and_can_look_at_all(
    tenant: Tenant, alice: User, bob: User
) -> None:
    fill(tenant, 1, name="Mine GmbH", owner=alice)
    fill(tenant, 1, name="His GmbH", owner=bob)
    client = signed_in(alice)

    mine, everybodys = client.get(URL), client.get(URL, {"scope": "all"})

    assert "Mine GmbH" in text(mine)
    assert "His GmbH" not in text(mine)
    assert "His GmbH" in text(everybodys)
    assert 'href="?scope=all"' in mine.content.decode()


def test_a_manager_begins_with_all_accounts(tenant: Tenant, alice: User, bob: User) -> None:
    fill(tenant, 1, name="Mine GmbH", owner=alice)

    page = text(signed_in(bob).get(URL))

    assert "Mine GmbH" in page
    assert "Alice" in page


def test_a_row_says_what_to_do_in_ten_seconds(tenant: Tenant, alice: User) -> None:
    with tenant_scope(tenant):
        account = make_account(name="Halden Logistics", owner=alice)
        make_health(
            account,
            score=31,
            band="Red",
            previous=43,
            coverage="0.62",
            is_last_known=True,
            drivers=[("Usage trend", 20), ("Payment", 30), ("NPS", 1)],
            sparkline=[60, 55, None, 31],
        )

    page = signed_in(alice).get(URL)

    assert f'href="/accounts/{account.pk}/"' in page.content.decode()
    for said in (
        "Halden Logistics",
        "Mid-Market · Live",
        "Red",
        "last known",
        "31",
        "62 % known",
        "−20",
        "€ 48,000",
    ):
        assert said in text(page).replace("\xa0", " "), said
    assert "From 60 to 31" in page.content.decode()


def test_what_comes_from_notion_is_text(tenant: Tenant, alice: User) -> None:
    evil = "<script>alert(1)</script>\"'><b>"
    with tenant_scope(tenant):
        for scope in (None, alice):
            account = make_account(
                name=evil, segment=evil, lifecycle_stage=evil, owner=scope, owner_name=evil, currency="<b>"
            )
            make_health(account, drivers=[(evil, 20)])
    client = signed_in(alice)

    for query in (
        {},
        {"scope": "all"},
        {"q": evil},
        {"segment": evil},
        {"sort": evil},
        {"band": evil},
        {"cursor": evil},
    ):
        page = client.get(URL, query).content.decode()
        assert "<script>alert" not in page
        assert "'><b>" not in page


def test_htmx_gets_the_table_alone_and_the_address_to_show(tenant: Tenant, alice: User) -> None:
    fill(tenant, 3, owner=alice)
    client = signed_in(alice)

    part = client.get(URL, {"q": "account", "segment": "", "owner": ""}, headers=HTMX)

    body = part.content.decode()
    assert body.strip().startswith('<section id="account-table"')
    assert "<html" not in body
    assert 'data-announce="3 accounts, worst first."' in body
    assert part.headers["HX-Push-Url"] == "?q=account"


@pytest.mark.parametrize("header", ["HX-Boosted", "HX-History-Restore-Request"])
def test_a_boosted_or_restored_page_is_whole(tenant: Tenant, alice: User, header: str) -> None:
    fill(tenant, 1, owner=alice)

    page = signed_in(alice).get(URL, headers={**HTMX, header: "true"}).content.decode()

    assert "<html" in page
    assert 'id="account-table"' in page


def test_the_table_alone_and_the_whole_page_show_the_same_rows(tenant: Tenant, bob: User) -> None:
    fill(tenant, 60)
    client = signed_in(bob)

    def rows(response: HttpResponse) -> list[str]:
        return re.findall(r'class="cell-name" href="([^"]+)"', response.content.decode())

    for query in ({}, {"sort": "-score"}, {"band": "Red"}):
        whole, part = client.get(URL, query), client.get(URL, query, headers=HTMX)
        assert rows(whole) == rows(part)
        assert len(rows(whole)) >= 24


def test_next_and_previous_keep_what_was_asked_for(tenant: Tenant, bob: User) -> None:
    fill(tenant, 120, segment="SMB")
    client = signed_in(bob)

    first = client.get(URL, {"segment": "SMB", "sort": "-score"})
    second = client.get(URL + links(first, "next")[0])
    third = client.get(URL + links(second, "next")[0])

    assert links(first, "prev") == []
    assert links(third, "next") == []
    assert "50 of 120 accounts, highest score first" in text(second)
    asked = parse_qs(urlsplit(links(second, "prev")[0]).query)
    assert (asked["segment"], asked["sort"]) == (["SMB"], ["-score"])
    assert client.get(URL + links(second, "prev")[0]).context["page"].rows == first.context["page"].rows


def test_another_order_or_filter_begins_on_its_first_page(tenant: Tenant, bob: User) -> None:
    fill(tenant, 60)
    client = signed_in(bob)
    second = client.get(URL + links(client.get(URL), "next")[0])

    hrefs = re.findall(r'href="(\?[^"]*)"', second.content.decode())
    ways = [unescape(href) for href in hrefs if "sort=" in href or "band=" in href]

    assert len(ways) >= 10
    assert not [way for way in ways if "cursor=" in way]


def test_the_order_in_force_is_told_to_screen_readers_and_kept_by_the_filters(
    tenant: Tenant, bob: User
) -> None:
    fill(tenant, 2)
    client = signed_in(bob)

    usual, by_arr = client.get(URL).content.decode(), client.get(URL, {"sort": "-arr"}).content.decode()

    assert re.findall(r'aria-sort="(\w+)"', usual) == ["ascending"]
    assert re.findall(r'aria-sort="(\w+)"', by_arr) == ["descending"]
    assert 'name="sort" value="-arr" form="account-filters"' in by_arr
    assert 'id="account-filters"' in by_arr


def test_a_band_is_chosen_by_its_tile_and_let_go_by_it(tenant: Tenant, bob: User) -> None:
    fill(tenant, 3)
    client = signed_in(bob)

    tiles = {tile["band"]: tile["url"] for tile in client.get(URL).context["tiles"]}
    chosen = client.get(URL + tiles["Red"])

    assert tiles["Red"] == "?band=Red"
    assert {tile["band"]: tile["url"] for tile in chosen.context["tiles"]}["Red"] == "?"
    assert 'aria-current="true"' in chosen.content.decode()
    assert 'name="band" value="Red"' in chosen.content.decode()


def test_a_filter_in_force_can_be_taken_away_by_itself(tenant: Tenant, bob: User) -> None:
    fill(tenant, 2, segment="SMB")

    page = signed_in(bob).get(URL, {"segment": "SMB", "renewal": "overdue", "q": "Acc"})

    assert {chip["label"]: chip["url"] for chip in page.context["chips"]} == {
        "“acc”": "?segment=SMB&renewal=overdue",
        "SMB": "?renewal=overdue&q=Acc",
        "Renewal: overdue": "?segment=SMB&q=Acc",
    }
    assert "No account matches" in text(page)


def test_an_empty_portal_teaches_what_to_do(tenant: Tenant, alice: User, ada: User) -> None:
    for_admin, for_csm = signed_in(ada).get(URL), signed_in(alice).get(URL)

    assert 'href="/settings/notion/"' in for_admin.content.decode()
    assert "Connect Notion" in text(for_admin)
    assert "Ask an admin to connect your workspace" in text(for_csm)
    assert "/settings/notion/" not in for_csm.content.decode()


def test_a_csm_without_accounts_is_shown_the_way_to_all(tenant: Tenant, alice: User, bob: User) -> None:
    fill(tenant, 1, owner=bob)

    page = signed_in(alice).get(URL)

    assert "No account names you as its owner" in text(page)
    assert 'href="?scope=all"' in page.content.decode()


def test_sales_people_are_told_why_the_list_is_empty(tenant: Tenant, sam: User) -> None:
    fill(tenant, 1, name="Secret GmbH")

    page = signed_in(sam).get(URL)

    assert page.status_code == 200
    assert "not yours to read" in text(page)
    assert "Secret GmbH" not in text(page)


def test_whoever_is_in_sales_and_a_csm_reads_the_accounts(tenant: Tenant) -> None:
    both = make_member(tenant, "Dana", is_sales=True, is_csm=True)
    fill(tenant, 1, name="Halden", owner=both)

    assert "Halden" in text(signed_in(both).get(URL))


def test_bad_values_in_the_address_get_a_sentence_and_a_list(tenant: Tenant, bob: User) -> None:
    fill(tenant, 2)

    page = signed_in(bob).get(
        URL,
        {
            "band": "Purple",
            "sort": "luck",
            "cursor": "nowhere",
            "owner": "x",
            "renewal": "-1",
            "scope": "x",
            "q": "\0",
        },
    )

    assert page.status_code == 200
    assert len(page.context["page"].rows) == 2
    assert "“Purple” is no band" in text(page)
    assert "“luck” is no column to sort by" in text(page)


def test_the_page_costs_as_many_queries_at_one_row_as_at_fifty(tenant: Tenant, bob: User) -> None:
    client = signed_in(bob)

    def cost(**how: Any) -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(URL, **how)
        return len(queries)

    fill(tenant, 1)
    whole, part = cost(), cost(headers=HTMX)
    fill(tenant, 48)

    assert (cost(), cost(headers=HTMX)) == (whole, part)
    assert whole <= 6
    fill(tenant, 40)
    assert cost() <= whole


def test_fifty_rows_weigh_little_and_a_swap_less(tenant: Tenant, bob: User) -> None:
    fill(tenant, 60)
    client = signed_in(bob)

    whole, part = client.get(URL).content, client.get(URL, headers=HTMX).content

    assert whole.count(b'class="cell-name"') == 50
    assert len(gzip.compress(whole, 6)) <= 12 * 1024
    assert len(gzip.compress(part, 6)) < len(gzip.compress(whole, 6))


def test_nothing_but_reading_is_answered(tenant: Tenant, bob: User) -> None:
    assert signed_in(bob).post(URL).status_code == 405
    assert Client().get(URL).status_code == 302
