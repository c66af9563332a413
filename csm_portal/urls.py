"""Every address of the portal."""

from allauth.account.views import LoginView, LogoutView
from django.urls import include, path

from csm_portal import probes
from csm_portal.pages import frame

urlpatterns = [
    path("", frame.home, name="home"),
    path("theme/", frame.choose_theme, name="theme"),
    path("sign-in/", LoginView.as_view(), name="account_login"),
    path("sign-out/", LogoutView.as_view(), name="account_logout"),
    path("livez", probes.livez, name="livez"),
    path("readyz", probes.readyz, name="readyz"),
    path("", include("accounts.urls")),
    path("", include("qbr.urls")),
    path("", include("csm_portal.pages.urls")),
    path("agent/", include("csm_portal.agent.urls")),
]
