"""SQLite asked for many rows by their keys: it goes to them, and does not read all of the tenant's."""

import pytest
from django.db import connection
from django.utils import timezone

from csm_portal.core import statistics
from csm_portal.core.models import OutboxEvent

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL counts its tables by itself."),
]


def events(count: int) -> list[OutboxEvent]:
    now = timezone.now()
    return OutboxEvent.objects.bulk_create(
        OutboxEvent(topic="thing.happened", subject_id=str(number), subject_name="A thing", created_at=now)
        for number in range(count)
    )


def plan(rows: list[OutboxEvent]) -> str:
    return OutboxEvent.objects.filter(pk__in=[row.pk for row in rows]).order_by().explain()


def counted() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT stat FROM sqlite_stat1 WHERE tbl = 'core_outboxevent'")
        return max(int(stat.split()[0]) for (stat,) in cursor.fetchall())


def test_a_table_that_grew_is_counted_and_then_read_by_its_keys(scoped):
    made = events(2_400)
    assert "tenant_id=?" in plan(made[:60])

    statistics.keep_current(OutboxEvent)

    assert "(id=?)" in plan(made[:60])


def test_a_table_is_counted_again_once_it_has_doubled_and_not_before(scoped):
    events(1_200)
    statistics.keep_current(OutboxEvent)
    assert counted() == 1_200

    events(1_100)
    statistics.keep_current(OutboxEvent)
    assert counted() == 1_200

    events(200)
    statistics.keep_current(OutboxEvent)
    assert counted() == 2_500


def test_a_small_table_is_left_alone(scoped):
    events(999)

    statistics.keep_current(OutboxEvent)

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_stat1'")
        if cursor.fetchone()[0]:
            cursor.execute("SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'core_outboxevent'")
            assert cursor.fetchone()[0] == 0
