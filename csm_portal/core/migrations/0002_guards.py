"""The audit log's guard, and the table of the shared cache where no Redis is set."""

from django.core.management import call_command
from django.db import migrations

from csm_portal.core import audit


def _guard(apps, schema_editor):
    audit.guard(schema_editor.connection)


def _unguard(apps, schema_editor):
    audit.unguard(schema_editor.connection)


def _cache_table(apps, schema_editor):
    call_command("createcachetable", database=schema_editor.connection.alias, verbosity=0)


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]

    operations = [
        migrations.RunPython(_guard, _unguard),
        migrations.RunPython(_cache_table, migrations.RunPython.noop),
    ]
