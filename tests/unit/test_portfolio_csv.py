"""A portfolio in a CSV file: what is read, and the sentence that each bad place gets."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from accounts.scoring.signals import INPUT_NAMES, HealthSignals
from csm_portal import portfolio_csv
from csm_portal.portfolio_csv import AccountRow, Portfolio, PortfolioError
from csm_portal.ports.workspace import ACCOUNT_FIELDS

pytestmark = pytest.mark.one_database

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
TODAY = date(2026, 3, 2)
HEADER = (
    "account_id,account_name,as_of,feature_adoption_rate,open_tickets,ticket_sentiment,days_since_last_interaction,"
    "login_frequency,usage_trend,payment_current,stakeholder_engagement,nps,days_to_renewal,seats_purchased,"
    "seats_used,escalation_count,tam_health"
)
FULL = "A-1,Øster & Søn,month 9,0.66,2.0,negative,62,0.365,declining,True,0.5,7,-12,74.0,69.0,1,Amber"


def parse(*lines: str, encoding: str = "utf-8") -> Portfolio:
    return portfolio_csv.parse("\n".join(lines).encode(encoding))


def one(header: str, line: str) -> AccountRow:
    (account,) = parse(header, line).accounts
    return account


def test_a_full_row_is_read_into_typed_values() -> None:
    found = parse(HEADER, FULL)
    (account,) = found.accounts

    assert found.problems == ()
    assert (account.row, account.account_id, account.name, account.as_of) == (
        2,
        "A-1",
        "Øster & Søn",
        "month 9",
    )
    assert account.cells == {
        "feature_adoption_rate": Decimal("0.66"),
        "open_tickets": 2,
        "ticket_sentiment": "negative",
        "days_since_last_interaction": 62,
        "login_frequency": Decimal("0.365"),
        "usage_trend": "declining",
        "payment_current": True,
        "stakeholder_engagement": Decimal("0.5"),
        "nps": Decimal(7),
        "days_to_renewal": -12,
        "seats_purchased": 74,
        "seats_used": 69,
        "escalation_count": 1,
        "tam_health": "Amber",
    }


def test_ages_count_from_the_day_of_import() -> None:
    values = one(HEADER, FULL).account_values(imported_on=TODAY)

    assert values["last_interaction_on"] == date(2025, 12, 30)
    assert values["renewal_on"] == date(2026, 2, 18)
    assert values["name"] == "Øster & Søn"
    assert values["support_ticket_volume"] == 2
    assert set(values) <= {spec.name for spec in ACCOUNT_FIELDS}


def test_the_inputs_are_those_of_the_score() -> None:
    inputs = one(HEADER, FULL).inputs()

    assert set(inputs) == set(INPUT_NAMES)
    assert HealthSignals(**inputs).seats_utilization == 69 / 74


def test_an_empty_cell_is_not_known_and_a_missing_column_is_not_there() -> None:
    account = one("account_id,account_name,nps,login_frequency", "A-1,Acme,,nan")

    assert account.cells == {"nps": None, "login_frequency": None}
    assert account.inputs() == {}
    assert account.account_values(imported_on=TODAY) == {
        "name": "Acme",
        "nps_score": None,
        "login_frequency_score": None,
    }


def test_seats_that_were_never_bought_have_no_utilisation() -> None:
    account = one("account_id,account_name,seats_purchased,seats_used", "A-1,Acme,0,3")

    assert "seats_utilization" not in account.inputs()
    assert account.cells["seats_used"] == 3


@pytest.mark.parametrize(
    ("column", "cell", "complaint"),
    [
        ("feature_adoption_rate", "1.4", "is not between 0 and 1"),
        ("feature_adoption_rate", "45 %", "is not a number"),
        ("login_frequency", "-0.1", "is not between 0 and 1"),
        ("login_frequency", "inf", "is not a number"),
        ("open_tickets", "2.5", "is not a whole number"),
        ("open_tickets", "-3", "is not between 0 and 1000000000"),
        ("open_tickets", "1e400", "is not between 0 and 1000000000"),
        ("ticket_sentiment", "angry", "is none of positive, neutral, negative"),
        ("days_since_last_interaction", "-1", "is not between 0 and 36500"),
        ("days_to_renewal", "99999", "is not between -36500 and 36500"),
        ("usage_trend", "up", "is none of growing, stable, declining"),
        ("payment_current", "perhaps", "is neither true nor false"),
        ("nps", "11", "is not between 0 and 10"),
        ("tam_health", "Purple", "is none of Red, Amber, Green"),
    ],
)
def test_an_impossible_value_costs_its_cell_and_gets_a_sentence(
    column: str, cell: str, complaint: str
) -> None:
    found = parse(f"account_id,account_name,{column}", "A-1,Acme,", f"A-2,Bolt,{cell}", "A-3,Cora,")

    (problem,) = found.problems
    assert [account.account_id for account in found.accounts] == ["A-1", "A-2", "A-3"]
    assert found.accounts[1].cells == {column: None}
    assert (problem.row, problem.column) == (3, column)
    assert problem.message == (
        f"Row 3, column {column}: “{cell}” {complaint}. It was taken as not known; mend the cell and import again."
    )


@pytest.mark.parametrize(
    ("cell", "value"),
    [("True", True), ("yes", True), ("1.0", True), ("FALSE", False), ("n", False), ("0", False)],
)
def test_a_flag_may_be_written_in_several_ways(cell: str, value: bool) -> None:
    assert one("account_id,account_name,payment_current", f"A-1,Acme,{cell}").cells == {
        "payment_current": value
    }


def test_words_may_have_any_case() -> None:
    assert one("account_id,account_name,tam_health", "A-1,Acme, RED ").cells == {"tam_health": "Red"}


def test_part_days_are_whole_days_that_have_passed() -> None:
    header = "account_id,account_name,days_since_last_interaction"

    assert one(header, "A-1,Acme,12.7").cells == {"days_since_last_interaction": 12}


def test_headers_may_have_the_names_of_the_inputs_and_any_case() -> None:
    found = parse("Account ID,Account-Name, NPS_Score ,support_ticket_volume", "A-1,Acme,9,3")

    assert found.columns == ("account_id", "account_name", "nps", "open_tickets")
    assert found.problems == ()


def test_a_column_that_is_not_read_is_told_once() -> None:
    found = parse("account_id,account_name,nps,shoe size", "A-1,Acme,9,44", "A-2,Bolt,8,45")

    assert [problem.message for problem in found.problems] == [
        "Column “shoe size” is not one that the portal reads; it was left out."
    ]
    assert len(found.accounts) == 2


def test_a_repeated_id_a_missing_id_and_a_row_too_long_are_left_out_alone() -> None:
    found = parse(
        "account_id,account_name,nps",
        "A-1,Acme,9",
        "A-1,Acme again,99",
        ",Nobody,8",
        "A-2,Bolt, Inc.,7",
        "A-3,Cora,6",
    )

    assert [account.account_id for account in found.accounts] == ["A-1", "A-3"]
    assert [(problem.row, problem.column) for problem in found.problems] == [(3, None), (4, None), (5, None)]
    assert found.problems[0].message.startswith("Row 3 repeats the account_id “A-1” of row 2.")
    assert found.problems[1].message.startswith("Row 4 has no account_id.")
    assert found.problems[2].message.startswith("Row 5 has 4 cells and the first line names 3 columns")


def test_an_account_without_a_name_is_called_by_its_id() -> None:
    found = parse("account_id,account_name,nps", "A-1,,9")

    assert found.accounts[0].name == "A-1"
    assert found.problems[0].message == "Row 2 has no account_name. The account is called “A-1” after its id."


def test_a_short_row_is_taken_for_what_it_has() -> None:
    assert one("account_id,account_name,nps,open_tickets", "A-1,Acme,9").cells == {
        "nps": 9,
        "open_tickets": None,
    }


def test_blank_lines_are_passed_over_and_rows_keep_their_numbers() -> None:
    found = parse("account_id,account_name,nps", "", "A-1,Acme,9", ",,", "A-2,Bolt,99")

    assert [account.row for account in found.accounts] == [3, 5]
    assert found.problems[0].row == 5


def test_a_name_may_hold_separators_quotes_and_lines() -> None:
    found = parse("account_id,account_name,nps", 'A-1,"Bolt, ""the"" \nInc.",9', "A-2,Cora,8")

    assert found.accounts[0].name == 'Bolt, "the" \nInc.'
    assert [account.row for account in found.accounts] == [2, 3]


@pytest.mark.parametrize("separator", [";", "\t"])
def test_semicolons_and_tabs_come_with_decimal_commas(separator: str) -> None:
    lines = [
        separator.join(cells)
        for cells in (["account_id", "account_name", "login_frequency"], ["A-1", "Acme, Inc.", "0,35"])
    ]

    account = one(*lines)

    assert account.name == "Acme, Inc."
    assert account.cells == {"login_frequency": Decimal("0.35")}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_mark_at_the_beginning_is_no_part_of_the_first_name(encoding: str) -> None:
    assert (
        parse("account_id,account_name,nps", "A-1,Zażółć,9", encoding=encoding).accounts[0].name == "Zażółć"
    )


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty."),
        (b" \r\n \n", "The file is empty."),
        (b"account_id,account_name,nps\n", "The file has column names and no account."),
        (b"account_id,account_name,nps,mood\n", "The file has column names and no account."),
        (
            b"name,nps\nAcme,9\n",
            "The file has no column account_id. Its first line must name the columns, and it reads: name, nps.",
        ),
        (b"who,nps\nAcme,9\n", "The file has no column account_id and no column account_name."),
        (b"account_id,account_name,as_of\nA-1,Acme,\n", "The file has no column with a health signal."),
        (b"account_id,account_name,nps,nps_score\nA-1,Acme,9,9\n", "The file has the column nps twice."),
        (
            "account_id,account_name,nps\nA-1,Café,9\n".encode("latin-1"),
            "The file is not UTF-8 text: line 2 has a byte",
        ),
        (b"PK\x03\x04\x00\x00\n", "Line 1 has a NUL character"),
        (
            b'account_id,account_name,nps\nA-1,"Acme,9\nA-2,Bolt,8\n',
            "The file cannot be read as CSV from line 2 on",
        ),
        (
            b"account_id,account_name,nps\nA-1," + b"x" * 200_000 + b",9\n",
            "The file cannot be read as CSV from line 2 on",
        ),
    ],
)
def test_a_file_that_cannot_be_read_gets_one_clear_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(PortfolioError) as refused:
        portfolio_csv.parse(content)

    assert str(refused.value).startswith(sentence)


@given(st.binary(max_size=400))
@example(b";")
@example(b"\x0b")
@example(b" ,;\n;;")
@example(b'""')
def test_any_bytes_are_a_portfolio_or_a_sentence(content: bytes) -> None:
    refused = ""
    try:
        portfolio_csv.parse(content)
    except PortfolioError as error:
        refused = str(error)

    assert refused == "" or refused.endswith(".")


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters='"\r\n\0,'), max_size=12),
        min_size=16,
        max_size=16,
    )
)
def test_any_cells_leave_inputs_that_the_score_takes(cells: list[str]) -> None:
    found = parse(HEADER, ",".join(["A-1", *cells]))

    for account in found.accounts:
        HealthSignals(**account.inputs())
        account.account_values(imported_on=TODAY)


@pytest.mark.skipif(not DATA.exists(), reason="the portfolios of ../shared/data are not on this machine")
@pytest.mark.parametrize(
    ("folder", "count"),
    [
        ("online_retail_2011-06-09", 1_443),
        ("iranian_telco", 3_150),
        ("b2b_telecom_ru_2025-03", 30_508),
        ("ravenstack_2024-09-30", 394),
    ],
)
def test_the_public_portfolios_are_read_without_a_complaint(folder: str, count: int) -> None:
    found = portfolio_csv.parse((DATA / folder / "accounts.csv").read_bytes())

    assert len(found.accounts) == count
    assert found.problems == ()
    assert all(HealthSignals(**account.inputs()).known() for account in found.accounts)
