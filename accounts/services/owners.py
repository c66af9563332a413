"""Matches the owners that accounts have in the workspace to the tenant's people (SPEC 1): by e-mail, case ignored."""

from collections.abc import Iterable

from accounts import mirror
from csm_portal.core.models import Membership
from csm_portal.ports.workspace import AccountRecord, Person

_NAMED = 5


class Owners:
    """The tenant's people by address, from one query, and the owners of a scan that are not among them."""

    def __init__(self) -> None:
        members = Membership.objects.filter(user__is_active=True).values_list("user__email", "user_id")
        self.ids = {email.lower(): user_id for email, user_id in members}
        self._unknown: dict[str, str] = {}
        self._seen, self._with_address = 0, 0

    def look_at(self, records: Iterable[AccountRecord]) -> None:
        """Note whose accounts these are."""
        for record in records:
            owner = record.values.get("owner")
            if not isinstance(owner, Person):
                continue
            email = (owner.email or "").strip().lower()
            self._seen += 1
            self._with_address += bool(email)
            if email and email not in self.ids:
                self._unknown[email] = owner.name or email

    def sentences(self, *, is_people: bool) -> list[str]:
        """Say which owners found nobody here. ``is_people``: they come from a property of Notion people."""
        if is_people and self._seen and not self._with_address:
            return [
                "Notion hides the owners' e-mail addresses, so no account could be matched to a CSM. Let the "
                "integration read user information including e-mail addresses, on its page in Notion."
            ]
        if not self._unknown:
            return []
        names = mirror.listed(list(self._unknown.values())[:_NAMED], total=len(self._unknown))
        own = "owns" if len(self._unknown) == 1 else "own"
        return [
            f"{names} {own} accounts in Notion, and nobody in the portal has that e-mail address. "
            "Those accounts have no CSM here until somebody with that address joins."
        ]
