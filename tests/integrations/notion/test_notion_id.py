import pytest
from hypothesis import given
from hypothesis import strategies as st

from csm_portal.integrations.notion import notion_id

HEX = "1bcf93d5cbe54eb089abef4707a1261c"
UUID = "1bcf93d5-cbe5-4eb0-89ab-ef4707a1261c"
OTHER = "38c9ce7b60a4819d92faeed199096814"


@pytest.mark.parametrize(
    "text",
    [
        UUID,
        UUID.upper(),
        HEX,
        f"  {HEX}\n",
        f"https://www.notion.so/{HEX}",
        f"https://www.notion.so/acme/Customer-Accounts-{HEX}?v={OTHER}",
        f"https://www.notion.so/acme/{HEX}?v={OTHER}&pvs=4",
        f"https://www.notion.so/acme/{HEX}?v={OTHER}&p={OTHER}&pm=s",
        f"https://www.notion.so/acme/Accounts-{HEX}#{OTHER}",
        f"https://app.notion.com/p/{HEX}",
        f"https://app.notion.com/p/acme/Accounts-{HEX}?source=copy_link",
        f"https://app.notion.com/p/{UUID}",
        f"notion.so/{HEX}/",
        f"<https://acme.notion.site/{HEX}>",
        f"https://www.notion.so/acme/Caf%C3%A9-{UUID}",
        f"{HEX}?v={OTHER}",
        f"http://127.0.0.1:8765/p/{HEX}",
    ],
)
def test_every_form_that_people_paste_gives_the_same_id(text):
    assert notion_id.parse(text) == UUID


@pytest.mark.parametrize(
    "text",
    [
        "Accounts",
        HEX[:-1],
        HEX + "0",
        f"x{HEX}",
        "https://www.notion.so/",
        f"https://www.notion.so/?v={HEX}",
        "г" * 32,
    ],
)
def test_anything_else_is_refused_with_what_to_do(text):
    with pytest.raises(ValueError, match=r"holds no Notion id\. Paste the link"):
        notion_id.parse(text)


def test_nothing_is_refused_as_nothing():
    with pytest.raises(ValueError, match="The field is empty"):
        notion_id.parse("  ")


def test_a_long_paste_is_shown_shortened():
    with pytest.raises(ValueError, match="…") as refused:
        notion_id.parse("x" * 5000)

    assert len(str(refused.value)) < 250


@given(st.text())
def test_a_paste_gives_an_id_or_a_sentence(text):
    found = parsed_or_told(text)

    assert found.endswith(".") or notion_id.parse(found) == found


def parsed_or_told(text):
    try:
        return notion_id.parse(text)
    except ValueError as error:
        return str(error)
