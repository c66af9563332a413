"""What every request goes through: tenant scope, roles, caching headers, the frame around each page."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers, patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.middleware import HtmxDetails

from csm_portal.core import audit
from csm_portal.core.models import Membership, Role, Tenant, User
from csm_portal.core.scope import TenantModel, across_tenants, tenant_scope

GetResponse = Callable[[HttpRequest], HttpResponseBase]
P = ParamSpec("P")


class PortalRequest(HttpRequest):
    """A request of a signed-in member; its tenant's scope is entered."""

    user: User
    membership: Membership
    tenant: Tenant
    htmx: HtmxDetails


def no_store(get_response: GetResponse) -> GetResponse:
    """Keep signed-in pages out of every cache, and apart by what htmx asked for (SPEC 10.2, CHECK 7)."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if request.user.is_authenticated or request.path.startswith("/sign-in"):
            add_never_cache_headers(cast(HttpResponse, response))
        patch_vary_headers(response, ["HX-Request", "Cookie"])
        return response

    return middleware


def tenancy(get_response: GetResponse) -> GetResponse:
    """Enter the tenant's scope from the membership, read anew at each request (SPEC 10.1)."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        membership = None
        if request.user.is_authenticated:
            with across_tenants("a request's tenant comes from the user's one membership"):
                membership = (
                    Membership.objects.select_related("tenant")
                    .filter(user_id=request.user.pk, tenant__is_active=True)
                    .first()
                )
        cast(Any, request).membership = membership
        if membership is None or not membership.roles:
            return get_response(request)
        cast(Any, request).tenant = membership.tenant
        with (
            tenant_scope(membership.tenant),
            audit.coming_from(request.META.get("REMOTE_ADDR") or None),
            timezone.override(membership.tenant.zone),
        ):
            return get_response(request)

    return middleware


def member(
    *roles: Role, of: type[TenantModel] | None = None
) -> Callable[
    [Callable[Concatenate[PortalRequest, P], HttpResponse]],
    Callable[Concatenate[HttpRequest, P], HttpResponse],
]:
    """Admit signed-in members of a tenant, or of those only who have one of the roles.

    A visitor is sent to the sign-in page, a colleague without the role gets 403. ``of`` is what the first id of
    the address names: of another company's there is nothing, whatever one's role (404, CHECK 1).
    """

    def decorate(
        view: Callable[Concatenate[PortalRequest, P], HttpResponse],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
        @wraps(view)
        def admitted(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return cast(HttpResponse, redirect_to_login(request.get_full_path()))
            membership: Membership | None = cast(Any, request).membership
            if membership is None or not membership.roles:
                return render(request, "account/no_membership.html", status=403)
            if roles and not membership.roles & set(roles):
                if of is not None and not of.objects.filter(pk=next(iter(kwargs.values()))).exists():
                    raise Http404
                raise PermissionDenied
            return view(cast(PortalRequest, request), *args, **kwargs)

        cast(Any, admitted).portal_roles = roles
        return cast(Callable[Concatenate[HttpRequest, P], HttpResponse], admitted)

    return decorate


def is_partial(request: HttpRequest) -> bool:
    """Tell whether a fragment is asked for: boosted and history requests want the whole page."""
    htmx: HtmxDetails = cast(Any, request).htmx
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def came_from(request: HttpRequest, default: str) -> str:
    """Return the address of this portal from which the form says that it was sent, else ``default``."""
    back = request.POST.get("next", "")
    # What does not begin with a slash is no address of a page here, and redirect() would take it for the name of one.
    is_ours = back.startswith("/") and url_has_allowed_host_and_scheme(
        back, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return back if is_ours else default


@dataclass(frozen=True, slots=True, kw_only=True)
class NavEntry:
    label: str
    url: str
    icon: str
    is_current: bool
    count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownUser:
    """Who is signed in, as the page's frame shows it."""

    name: str
    email: str
    role: str
    tenant: str


# (label, url name, icon, the roles that see it; none: everybody)
_NAV: tuple[tuple[str, str, str, tuple[Role, ...]], ...] = (
    ("Today", "today", "home", (Role.CSM, Role.MANAGER, Role.ADMIN)),
    ("Team", "team", "account", (Role.MANAGER,)),
    ("Handed over", "sales-inbox", "handoff", (Role.SALES,)),
    ("Portfolio", "portfolio", "list", (Role.CSM, Role.MANAGER, Role.ADMIN)),
    ("Alerts", "alerts", "bell", (Role.CSM, Role.MANAGER, Role.ADMIN)),
    ("Churn risk", "churn-risk", "alert", (Role.CSM, Role.MANAGER, Role.ADMIN)),
    ("Renewals", "renewals", "calendar", (Role.CSM, Role.MANAGER, Role.ADMIN)),
    ("Coaching", "coaching-plans", "people", (Role.CSM, Role.MANAGER)),
    ("Opportunities", "opportunities", "handoff", (Role.CSM, Role.MANAGER, Role.ADMIN)),
    ("Movers", "movers", "risk", (Role.CSM, Role.MANAGER, Role.ADMIN)),
    ("Backtest", "backtest", "audit", (Role.ADMIN, Role.MANAGER)),
    ("QBRs", "qbr-list", "document", (Role.CSM, Role.MANAGER, Role.ADMIN)),
    ("Messages", "messages", "inbox", (Role.CSM, Role.MANAGER, Role.ADMIN)),
    ("Thresholds", "thresholds", "sliders", (Role.ADMIN, Role.MANAGER)),
    ("Sync runs", "sync-runs", "refresh", (Role.ADMIN, Role.MANAGER)),
    ("Jobs", "jobs", "clock", (Role.ADMIN, Role.MANAGER)),
    ("Schedule", "schedule", "calendar", (Role.ADMIN,)),
    ("Model use", "model-use", "audit", (Role.ADMIN,)),
    ("Agent", "agent-runs", "plug", (Role.ADMIN, Role.MANAGER)),
    ("Notion", "notion-setup", "plug", (Role.ADMIN,)),
    ("Channels", "channels", "external", (Role.ADMIN,)),
    ("Currencies", "currencies", "sliders", (Role.ADMIN,)),
    ("Slides", "qbr-slides", "document", (Role.ADMIN,)),
)


def page_frame(request: HttpRequest) -> dict[str, Any]:
    """Give each page its frame: navigation by role, who is signed in, the chosen theme."""
    membership: Membership | None = getattr(request, "membership", None)
    theme = getattr(request.user, "theme", "") if hasattr(request, "user") else ""
    if membership is None:
        return {"nav": [], "theme": theme}
    nav = []
    for label, name, icon, roles in _NAV:
        if roles and not membership.roles & set(roles):
            continue
        url = reverse(name)
        nav.append(NavEntry(label=label, url=url, icon=icon, is_current=request.path.startswith(url)))
    return {"nav": nav, "theme": theme, "portal_user": _shown(membership, cast(User, request.user))}


def _shown(membership: Membership, user: User) -> ShownUser:
    roles = ", ".join(role.label for role in Role if role in membership.roles)
    return ShownUser(name=str(user), email=user.email, role=roles, tenant=membership.tenant.name)
