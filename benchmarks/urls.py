"""The portal's addresses, and the two admin sites that stand beside it for the benchmark alone."""

from django.urls import path

from benchmarks import stock_admin
from csm_portal.urls import urlpatterns as portal_urls

urlpatterns = [
    *portal_urls,
    path("stock-admin/", stock_admin.PLAIN.urls),
    path("stock-admin-filters/", stock_admin.WITH_FILTERS.urls),
]
