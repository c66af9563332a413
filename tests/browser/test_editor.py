"""The editor of a review in a real browser: text that survives, two people at once, comments, keys."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from csm_portal.core.models import Tenant, User
from csm_portal.core.scope import tenant_scope
from qbr.models import QBR, Remark, Thread, WorkingCopy
from tests.browser.windows import THEMES, is_wider_than_its_window, settle, violations, window
from tests.qbr.published import account_in_notion
from tests.qbr.reviews import drafted, fresh, says, write_more
from tests.workspace import Connected, connected

pytestmark = [pytest.mark.browser, pytest.mark.one_database]

# A folder for pictures, to be looked at by a person.
PICTURES = os.environ.get("CSM_PICTURES", "")
HEALTH = "account_health_summary"


@pytest.fixture
def notion(transactional_db: Any, tenant: Tenant, tmp_path: Path, settings: Any) -> Connected:
    return connected(tenant, tmp_path, settings)


@pytest.fixture
def qbr(notion: Connected, alice: User) -> QBR:
    with tenant_scope(notion.tenant):
        return drafted(account_in_notion(notion, owner=alice), actor=alice)


def looked_at(page: Page, name: str) -> None:
    """Judge a page as it is now, and take its picture where somebody wants to see it."""
    assert violations(page) == []
    if not PICTURES:
        return
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        for width in (1280, 360):
            page.set_viewport_size({"width": width, "height": 900})
            assert not is_wider_than_its_window(page), (name, theme, width)
            page.screenshot(path=f"{PICTURES}/{name}-{theme}-{width}.png", full_page=True, caret="initial")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 900})


def test_typed_text_survives_its_window_and_shows_how_it_reads(
    live_server: Any, browser: Browser, notion: Connected, qbr: QBR, alice: User
) -> None:
    url = f"{live_server.url}/qbrs/{qbr.pk}/edit/{HEALTH}/"
    page = window(browser, live_server, alice)
    page.goto(url)

    page.get_by_label("Text").press("Control+End")
    page.keyboard.type("\n\nMarta Silva reached 87 % there.")

    expect(page.locator("#kept")).to_have_text(re.compile(r"^Draft saved \d\d:\d\d$"))
    expect(page.locator("#checked")).to_contain_text("“Marta Silva” is named in no fact")
    expect(page.locator("#checked mark.finding").first).to_be_visible()
    page.get_by_label("As the customer reads it").check()
    expect(page.locator("#checked")).not_to_contain_text("For colleagues only")
    expect(page.get_by_label("Text")).to_have_value(re.compile(r"Marta Silva reached 87 % there\.$"))
    looked_at(page, "editor")
    page.close()
    again = window(browser, live_server, alice)
    again.goto(url)
    expect(again.get_by_label("Text")).to_have_value(re.compile(r"Marta Silva reached 87 % there\.$"))
    expect(again.get_by_text("This is your unsaved text")).to_be_visible()
    again.get_by_label("Text").focus()
    again.keyboard.press("Control+s")
    expect(again.get_by_text("Your text is saved as a new version.")).to_be_visible()
    assert again.complaints == []  # type: ignore[attr-defined]
    with tenant_scope(notion.tenant):
        assert not WorkingCopy.objects.exists()
        assert says(qbr).content.section(HEALTH).text[-1].words == "Marta Silva reached 87 % there."  # type: ignore[arg-type]


def test_two_people_at_once_lose_no_word(
    live_server: Any, browser: Browser, notion: Connected, qbr: QBR, alice: User, bob: User
) -> None:
    page = window(browser, live_server, alice)
    page.goto(f"{live_server.url}/qbrs/{qbr.pk}/edit/{HEALTH}/")
    page.get_by_label("Text").press("Control+End")
    page.keyboard.type("\n\nAlice was here.")
    expect(page.locator("#kept")).to_contain_text("Draft saved")
    with tenant_scope(notion.tenant):
        write_more(qbr, "Bob was here.", by=bob)

    page.get_by_role("button", name="Save as a new version").click()

    expect(page.get_by_text("Somebody was faster")).to_be_visible()
    expect(page.locator(".versus-before", has_text="Bob was here.")).to_be_visible()
    expect(page.locator("#kept")).to_contain_text("Draft saved")
    looked_at(page, "conflict")
    page.get_by_role("button", name="Make one text of both").click()
    expect(page.get_by_text("Both texts stand in the field now")).to_be_visible()
    expect(page.get_by_label("Text")).to_have_value(re.compile(r"Alice was here\.\n\nBob was here\.|Bob was here\.\n\nAlice was here\."))  # fmt: skip
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.get_by_text("Your text is saved as a new version.")).to_be_visible()
    with tenant_scope(notion.tenant):
        lines = says(fresh(qbr)).content.document().plain_lines()
    assert {"Alice was here.", "Bob was here."} <= set(lines)
    assert [said for said in page.complaints if "409" not in said] == []  # type: ignore[attr-defined]

    page.goto(f"{live_server.url}/qbrs/{qbr.pk}/compare/")
    expect(page.locator("ins", has_text="Bob was here.")).to_be_visible()
    looked_at(page, "compare")


def test_a_passage_is_commented_on_by_keyboard_and_the_focus_stays(
    live_server: Any, browser: Browser, notion: Connected, qbr: QBR, alice: User
) -> None:
    page = window(browser, live_server, alice)
    page.goto(f"{live_server.url}/qbrs/{qbr.pk}/")
    settle(page)

    figure = page.locator(f"[data-place^={HEALTH}] a.fact").first
    figure.press("Enter")
    expect(page.get_by_role("complementary", name="Where this figure comes from")).to_contain_text("as of")
    page.keyboard.press("Escape")
    expect(page.get_by_role("complementary", name="Where this figure comes from")).to_have_count(0)
    expect(figure).to_be_focused()

    words = page.evaluate(
        """place => {
          const node = document.querySelector(`[data-place^=${place}]`).firstChild;
          const range = document.createRange();
          range.selectNode(node);
          getSelection().removeAllRanges();
          getSelection().addRange(range);
          return node.textContent.trim();
        }""",
        HEALTH,
    )
    page.keyboard.press("c")
    expect(page.get_by_label("Comment", exact=True)).to_be_focused()
    expect(page.locator("#comment-form blockquote")).to_have_text(words)
    page.keyboard.type("Is this so?")
    page.get_by_role("button", name="Comment", exact=True).press("Enter")
    expect(page.locator(".thread")).to_contain_text("Is this so?")
    expect(page.locator(".document .commented").first).to_contain_text(words[:20])
    looked_at(page, "comments")

    page.locator(".thread summary").press("Enter")
    page.get_by_label("Answer", exact=True).fill("It is.")
    page.locator(".thread").get_by_role("button", name="Answer").press("Enter")
    expect(page.locator(".thread")).to_contain_text("It is.")
    resolve = page.get_by_role("button", name="Resolve")
    expect(resolve).to_be_focused()
    resolve.press("Enter")
    expect(page.get_by_role("button", name="Open it again")).to_be_focused()
    expect(page.locator("#open-comments")).to_have_text("0 open")

    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    expect(page.get_by_label("Text")).to_be_visible()
    assert page.complaints == []  # type: ignore[attr-defined]
    with tenant_scope(notion.tenant):
        assert Remark.objects.count() == 2
        assert Thread.objects.get().resolved_by == alice
