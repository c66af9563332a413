"""The whole job by clicking alone, on a real demo: find the worst account, see why, review it, approve, publish, read it."""

import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from csm_portal.demo.tenants import PASSWORD
from tests.browser.windows import opened, violations
from tests.demo.running import Demo, free_ports, running

pytestmark = [pytest.mark.browser, pytest.mark.one_database]

CSM, MANAGER = "nora@brightloom.example", "claire@brightloom.example"
# A job is picked up, done and polled for; the machine may be busy with other tests.
JOB_MS = 240_000

HEADER = (
    "account_id,account_name,as_of,feature_adoption_rate,open_tickets,ticket_sentiment,days_since_last_interaction,"
    "login_frequency,usage_trend,payment_current,stakeholder_engagement,nps,days_to_renewal,seats_purchased,"
    "seats_used,escalation_count,tam_health"
)
WELL = "0.8{n},1,positive,6,0.8{n},growing,True,0.9,9,2{n}0,120,110,0,Green"
# Rows are shared out in turn, so the first and the fourth are Nora's.
WORST = "Zephyr Mills Łódź,2026-09-30,0.11,14,negative,96,0.08,declining,False,0.15,2,31,120,22,3,Red"
SECOND = "Yarrow & Sons,2026-09-30,0.22,11,negative,80,0.15,declining,True,0.25,3,44,90,30,2,Red"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A portal with its queue and a simulated workspace of 30 accounts, two of them in trouble."""
    place = tmp_path_factory.mktemp("way")
    well = [f"W-{n},Well-kept {n},2026-09-30,{WELL.format(n=n % 10)}" for n in range(28)]
    rows = [f"Z-1,{WORST}", *well[:2], f"Y-1,{SECOND}", *well[2:]]
    data = place / "accounts.csv"
    data.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    with running(place / "demo", "--data", str(data), port=free_ports()) as started:
        started.until("Ctrl-C stops everything.")
        yield started


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    yield from _window(browser, scripts=True)


@pytest.fixture
def bare_page(browser: Browser) -> Iterator[Page]:
    """A window without JavaScript."""
    yield from _window(browser, scripts=False)


def _window(browser: Browser, *, scripts: bool) -> Iterator[Page]:
    page = opened(browser, scripts=scripts)
    page.add_init_script(
        "document.addEventListener('securitypolicyviolation',"
        " event => console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI))"
    )
    yield page
    page.context.close()


def test_the_worst_account_is_found_explained_reviewed_approved_and_published(demo: Demo, page: Page):
    def look(landmark: str) -> None:
        expect(page.get_by_role("heading", level=1).first).to_contain_text(landmark)
        assert violations(page) == []
        assert page.complaints == []  # type: ignore[attr-defined]

    def wait_for(name: str) -> None:
        expect(page.get_by_role("main").get_by_text(name).first).to_be_visible(timeout=JOB_MS)

    lines = _walk(demo, page, "Zephyr Mills Łódź", look=look, wait_for=wait_for)

    assert any("22" in line for line in lines)


def test_the_way_leads_there_without_javascript_too(demo: Demo, bare_page: Page):
    def look(landmark: str) -> None:
        expect(bare_page.get_by_role("heading", level=1).first).to_contain_text(landmark)

    def wait_for(name: str) -> None:
        wanted = bare_page.get_by_role("main").get_by_text(name).first
        again = bare_page.get_by_role("link", name="Look again")
        end = time.monotonic() + JOB_MS / 1000
        # Each page has one of them; which one is asked only of a page that is there as a whole.
        expect(wanted.or_(again).first).to_be_visible()
        while not wanted.is_visible():
            assert time.monotonic() < end, f"“{name}” never came."
            bare_page.wait_for_timeout(500)
            with bare_page.expect_navigation():
                again.click()

    _walk(demo, bare_page, "Yarrow & Sons", look=look, wait_for=wait_for)


def _walk(
    demo: Demo, page: Page, account: str, *, look: Callable[[str], None], wait_for: Callable[[str], None]
) -> list[str]:
    """Go the whole way by clicking, and return what stands on the published page."""
    main = page.get_by_role("main")
    page.goto(demo.address)
    _sign_in(page, CSM, look)
    look("Today")
    rows = page.locator(".worklist > li")
    expect(rows.nth(1)).to_be_visible()
    assert account in [
        rows.nth(0).locator(".cell-name").inner_text(),
        rows.nth(1).locator(".cell-name").inner_text(),
    ]
    rows.get_by_role("link", name=account, exact=True).click()

    look(account)
    expect(main.get_by_text("Red").first).to_be_visible()
    expect(main.get_by_role("heading", name="Churn risk")).to_be_visible()
    expect(main.get_by_text("Feature adoption").first).to_be_visible()
    main.get_by_role("button", name="Draft QBR").click()

    # The page loads itself anew when the job is over, under the eyes of whoever looks closer.
    expect(page.get_by_role("heading", level=1).first).to_contain_text(f"{account}: ")
    wait_for("Submit for approval")
    look(f"{account}: ")
    main.get_by_role("button", name="Submit for approval").click()
    expect(main.get_by_text("waits for a manager's approval").first).to_be_visible()
    look(f"{account}: ")
    expect(main.get_by_role("button", name="Approve this text")).to_have_count(0)

    _sign_out(page)
    _sign_in(page, MANAGER, look)
    page.get_by_role("navigation").get_by_role("link", name="QBRs").click()
    look("QBRs")
    page.get_by_role("link", name=account).click()
    main.get_by_role("button", name="Approve this text").click()
    expect(main.get_by_role("button", name="Publish to Notion")).to_be_visible()
    look(f"{account}: ")
    approved = [line for line in page.get_by_role("article").inner_text().splitlines() if line.strip()]
    main.get_by_role("button", name="Publish to Notion").click()
    wait_for("Open in Notion")
    look(f"{account}: ")

    with page.context.expect_page() as tab:
        main.get_by_role("link", name="Open in Notion").first.click()
    notion = tab.value
    expect(notion.get_by_role("heading", level=1).first).to_contain_text(f"QBR - {account} - ")
    published = notion.get_by_role("main").inner_text()
    notion.close()
    _sign_out(page)
    sentences = [line for line in approved if len(line) > 60]
    assert len(sentences) >= 3
    assert [line for line in sentences if line not in published] == []
    return published.splitlines()


def _sign_in(page: Page, email: str, look: Callable[[str], None]) -> None:
    look("Sign in")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def _sign_out(page: Page) -> None:
    page.locator(".user-menu > summary").click()
    page.locator(".user-menu").get_by_role("button", name="Sign out").click()
