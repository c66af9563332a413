"""People on the customer's side, as somebody typed them into the workspace."""

import pytest

from accounts import contacts


@pytest.mark.parametrize(
    ("typed", "name", "email"),
    [
        ("Jana Weiß", "Jana Weiß", ""),
        ("Jana Weiß <jana@halden.example>", "Jana Weiß", "jana@halden.example"),
        ("Charlotte Webb (Operations Director)", "Charlotte Webb", ""),
        ("Ada Bell (CEO) <ada@b.example>", "Ada Bell", "ada@b.example"),
        ("Ann-Kathrin Müller – HR", "Ann-Kathrin Müller", ""),
        ("ops@x.example", "", "ops@x.example"),
        ("  Weiss,  Jana ", "Weiss, Jana", ""),
    ],
)
def test_name_and_address_are_told_apart_and_a_role_is_left_out(typed: str, name: str, email: str) -> None:
    (found,) = contacts.read([typed])

    assert (found.name, found.email) == (name, email)


def test_what_says_nothing_is_nobody() -> None:
    assert contacts.read(["", "  ", "<>", "()"]) == ()
