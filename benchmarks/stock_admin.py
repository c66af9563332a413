"""Django's own change list over the same accounts: what a team would have without the portal.

It shows the facts of the portfolio's rows in as many columns, the same order and the same number of rows. Nothing
is drawn: no badge, no sparkline, no chip. One site has the search box alone, the other the portfolio's filters too.
"""

from django.contrib import admin
from django.http import HttpRequest

from accounts.models import Account
from accounts.selectors.portfolio import PAGE_SIZE


class _OpenSite(admin.AdminSite):
    """A site for whoever is signed in: the portal's users have no staff flag."""

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active)


class AccountAdmin(admin.ModelAdmin):
    """Stock but for who may look."""

    list_display = (
        "name",
        "segment",
        "lifecycle_stage",
        "owner",
        "arr",
        "currency",
        "renewal_on",
        "health__effective_band",
        "health__score",
        "health__coverage",
        "health__change",
    )
    list_select_related = ("owner", "health")
    list_per_page = PAGE_SIZE
    ordering = ("health__worst_first",)
    search_fields = ("search_text",)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return True

    def has_view_permission(self, request: HttpRequest, obj: Account | None = None) -> bool:
        return True

    has_change_permission = has_view_permission
    has_delete_permission = has_view_permission

    def has_add_permission(self, request: HttpRequest) -> bool:
        return True


class FilteredAccountAdmin(AccountAdmin):
    """The portfolio's filters beside the table."""

    list_filter = ("health__effective_band", "segment", "lifecycle_stage", "owner")


PLAIN = _OpenSite(name="stock-admin")
PLAIN.register(Account, AccountAdmin)
WITH_FILTERS = _OpenSite(name="stock-admin-filters")
WITH_FILTERS.register(Account, FilteredAccountAdmin)
