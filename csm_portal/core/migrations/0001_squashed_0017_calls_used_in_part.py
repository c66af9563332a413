"""What the migrations it replaces lead to, in one step, and with the audit log's guard and the table of the shared cache: an empty database is made in seconds."""

import csm_portal.core.keys
import csm_portal.core.models.agent
import csm_portal.core.models.jobs
import csm_portal.core.models.model_use
import csm_portal.core.models.outbox
import csm_portal.core.models.people
import django.db.models.deletion
import django.utils.timezone
import uuid
from decimal import Decimal
from django.conf import settings
from django.core.management import call_command
from django.db import migrations, models

from csm_portal.core import audit


def _guard(apps, schema_editor):
    audit.guard(schema_editor.connection)


def _unguard(apps, schema_editor):
    audit.unguard(schema_editor.connection)


def _cache_table(apps, schema_editor):
    call_command("createcachetable", database=schema_editor.connection.alias, verbosity=0)


class Migration(migrations.Migration):

    replaces = [
        ('core', '0001_initial'),
        ('core', '0002_guards'),
        ('core', '0003_notion_check'),
        ('core', '0004_mapped_data_source'),
        ('core', '0005_notion_candidate'),
        ('core', '0006_job_due_at'),
        ('core', '0007_writes_figures'),
        ('core', '0008_request_gate'),
        ('core', '0009_deliveries_and_channels'),
        ('core', '0010_channels_keep_no_check'),
        ('core', '0011_model_use'),
        ('core', '0012_agent_runs'),
        ('core', '0013_deliveries_to_nobody'),
        ('core', '0014_agent_runs_queued'),
        ('core', '0015_agent_runs_refused'),
        ('core', '0016_agent_key_reads'),
        ('core', '0017_calls_used_in_part'),
    ]

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='User',
            fields=[
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('email', models.EmailField(max_length=254, unique=True)),
                ('name', models.CharField(max_length=200)),
                ('is_active', models.BooleanField(default=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('theme', models.CharField(blank=True, choices=[('', 'System'), ('light', 'Light'), ('dark', 'Dark')], max_length=5)),
            ],
            options={
                'ordering': ['name', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='Tenant',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=200)),
                ('slug', models.SlugField(unique=True)),
                ('time_zone', models.CharField(default='UTC', max_length=64, validators=[csm_portal.core.models.people.check_time_zone])),
                ('currency', models.CharField(default='USD', max_length=3)),
                ('is_active', models.BooleanField(default=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                'ordering': ['name', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='RequestGate',
            fields=[
                ('fingerprint', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('held_until', models.FloatField(default=0)),
                ('seen_at', models.FloatField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='Job',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('task', models.CharField(max_length=200)),
                ('title', models.CharField(max_length=200)),
                ('params', models.JSONField(default=dict)),
                ('state', models.CharField(choices=[('queued', 'queued'), ('running', 'running'), ('done', 'done'), ('partial', 'partial'), ('failed', 'failed'), ('quarantined', 'quarantined')], default=csm_portal.core.models.jobs.JobState['QUEUED'], max_length=12)),
                ('key', models.CharField(blank=True, max_length=200)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('enqueued_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('started_at', models.DateTimeField(null=True)),
                ('heartbeat_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('progress_done', models.PositiveIntegerField(default=0)),
                ('progress_total', models.PositiveIntegerField(null=True)),
                ('progress_message', models.CharField(blank=True, max_length=300)),
                ('result', models.JSONField(default=dict)),
                ('error', models.TextField(blank=True)),
                ('requested_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('tenant', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.tenant')),
                ('due_at', models.DateTimeField(null=True)),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'objects',
                'indexes': [models.Index(fields=['tenant', '-created_at'], name='core_job_tenant__0308d3_idx'), models.Index(fields=['state', 'heartbeat_at'], name='core_job_state_2bf2fc_idx')],
                'constraints': [models.UniqueConstraint(condition=models.Q(models.Q(('key', ''), _negated=True), ('state__in', ['queued', 'running'])), fields=('tenant', 'key'), name='one_active_job_per_key')],
            },
        ),
        migrations.CreateModel(
            name='OutboxEvent',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('topic', models.CharField(max_length=60)),
                ('subject_id', models.CharField(max_length=64)),
                ('subject_name', models.CharField(max_length=300)),
                ('payload', models.JSONField(default=dict)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('tenant', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.tenant')),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'objects',
                'indexes': [models.Index(fields=['tenant', '-created_at'], name='core_outbox_tenant__0d666f_idx')],
            },
        ),
        migrations.CreateModel(
            name='NotionConnection',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('accounts_database_id', models.CharField(blank=True, max_length=300)),
                ('accounts_data_source_id', models.CharField(blank=True, max_length=64)),
                ('qbr_database_id', models.CharField(blank=True, max_length=300)),
                ('requests_per_minute', models.PositiveIntegerField(default=180)),
                ('updated_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('tenant', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.tenant')),
                ('checked_at', models.DateTimeField(null=True)),
                ('last_check', models.JSONField(default=dict)),
                ('mapped_data_source_id', models.CharField(blank=True, max_length=64)),
                ('candidate', models.JSONField(default=dict)),
                ('preview', models.JSONField(default=dict)),
                ('writes_figures', models.BooleanField(default=True)),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('tenant',), name='one_notion_connection_per_tenant')],
            },
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('is_csm', models.BooleanField(default=False)),
                ('is_manager', models.BooleanField(default=False)),
                ('is_admin', models.BooleanField(default=False)),
                ('is_sales', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='membership', to=settings.AUTH_USER_MODEL)),
                ('tenant', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.tenant')),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='AuditEvent',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
                ('actor_name', models.CharField(max_length=200)),
                ('verb', models.CharField(max_length=60)),
                ('object_type', models.CharField(max_length=60)),
                ('object_id', models.CharField(max_length=64)),
                ('object_name', models.CharField(blank=True, max_length=300)),
                ('data', models.JSONField(default=dict)),
                ('ip', models.GenericIPAddressField(null=True)),
                ('request_id', models.UUIDField(default=None, null=True)),
                ('event_id', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('actor', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('tenant', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.tenant')),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'objects',
                'indexes': [models.Index(fields=['tenant', '-at'], name='core_audite_tenant__070a18_idx'), models.Index(fields=['tenant', 'object_type', 'object_id'], name='core_audite_tenant__b4e5e2_idx')],
            },
        ),
        migrations.CreateModel(
            name='TenantSecret',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=60)),
                ('ciphertext', models.TextField()),
                ('updated_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('tenant', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.tenant')),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('tenant', 'name'), name='one_secret_per_name')],
            },
        ),
        migrations.CreateModel(
            name='RequestAdmission',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('leaves_at', models.FloatField()),
                ('budget', models.PositiveIntegerField()),
                ('gate', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='core.requestgate')),
            ],
            options={
                'indexes': [models.Index(fields=['gate', 'leaves_at'], name='admissions_in_order')],
            },
        ),
        migrations.CreateModel(
            name='ChannelConnection',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('channel', models.CharField(choices=[('notion', 'Notion'), ('events', 'Event bus'), ('mail', 'Gmail draft'), ('chat', 'Chat')], max_length=20)),
                ('mode', models.CharField(max_length=20)),
                ('settings', models.JSONField(default=dict)),
                ('updated_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('tenant', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.tenant')),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('tenant', 'channel'), name='one_connection_per_channel')],
            },
        ),
        migrations.CreateModel(
            name='ModelAllowance',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('calls_per_day', models.PositiveIntegerField(default=5000, null=True)),
                ('calls_per_month', models.PositiveIntegerField(default=50000, null=True)),
                ('tokens_per_day', models.PositiveBigIntegerField(default=50000000, null=True)),
                ('tokens_per_month', models.PositiveBigIntegerField(default=500000000, null=True)),
                ('cost_per_day', models.DecimalField(decimal_places=2, default=Decimal('100'), max_digits=10, null=True)),
                ('cost_per_month', models.DecimalField(decimal_places=2, default=Decimal('1000'), max_digits=10, null=True)),
                ('prompt_price', models.DecimalField(decimal_places=4, max_digits=10, null=True)),
                ('completion_price', models.DecimalField(decimal_places=4, max_digits=10, null=True)),
                ('version', models.PositiveIntegerField(default=0)),
                ('updated_at', models.DateTimeField(null=True)),
                ('tenant', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.tenant')),
                ('updated_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('tenant',), name='one_model_allowance_per_tenant')],
            },
        ),
        migrations.CreateModel(
            name='ModelUsage',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('period', models.CharField(choices=[('day', 'day'), ('month', 'month')], max_length=5)),
                ('starts_on', models.DateField()),
                ('calls', models.PositiveIntegerField(default=0)),
                ('tokens', models.PositiveBigIntegerField(default=0)),
                ('cost_micros', models.PositiveBigIntegerField(default=0)),
                ('tenant', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.tenant')),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('tenant', 'period', 'starts_on'), name='one_model_usage_per_period')],
            },
        ),
        migrations.CreateModel(
            name='AgentKey',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=100)),
                ('public', models.CharField(max_length=16, unique=True)),
                ('digest', models.CharField(max_length=64)),
                ('task_types', models.JSONField(default=list)),
                ('per_minute', models.PositiveSmallIntegerField(default=60)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('expires_at', models.DateTimeField(null=True)),
                ('revoked_at', models.DateTimeField(null=True)),
                ('last_used_at', models.DateTimeField(null=True)),
                ('minute', models.DateTimeField(null=True)),
                ('used_in_minute', models.PositiveIntegerField(default=0)),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('revoked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('tenant', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.tenant')),
                ('reads_in_minute', models.PositiveIntegerField(default=0)),
                ('reads_minute', models.DateTimeField(null=True)),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'objects',
                'indexes': [models.Index(fields=['tenant', '-created_at', 'id'], name='core_agentk_tenant__a3b320_idx')],
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('channel', models.CharField(choices=[('notion', 'Notion'), ('events', 'Event bus'), ('mail', 'Gmail draft'), ('chat', 'Chat')], max_length=20)),
                ('state', models.CharField(choices=[('pending', 'pending'), ('sending', 'sending'), ('delivered', 'delivered'), ('failed', 'failed'), ('skipped', 'skipped')], default=csm_portal.core.models.outbox.DeliveryState['PENDING'], max_length=10)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('not_before', models.DateTimeField(default=django.utils.timezone.now)),
                ('delivered_at', models.DateTimeField(null=True)),
                ('receipt', models.CharField(blank=True, max_length=300)),
                ('last_error', models.TextField(blank=True)),
                ('event', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='core.outboxevent')),
                ('tenant', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.tenant')),
                ('about_id', models.CharField(blank=True, max_length=64)),
                ('attempts_allowed', models.PositiveSmallIntegerField(default=8)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('is_doubtful', models.BooleanField(default=False)),
                ('job', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='core.job')),
                ('may_be_twice', models.BooleanField(default=False)),
                ('message', models.JSONField(default=dict)),
                ('person', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('sending_since', models.DateTimeField(null=True)),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'objects',
                'indexes': [models.Index(fields=['state', 'not_before'], name='core_delive_state_abc3a0_idx'), models.Index(fields=['tenant', 'about_id'], name='core_delive_tenant__3b3474_idx'), models.Index(fields=['tenant', 'channel', '-created_at', 'id'], name='core_delive_tenant__53c96c_idx')],
                'constraints': [models.UniqueConstraint(fields=('event', 'channel'), name='one_delivery_per_channel')],
            },
        ),
        migrations.CreateModel(
            name='ScheduleSlot',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=60)),
                ('local_date', models.DateField()),
                ('due_at', models.DateTimeField()),
                ('state', models.CharField(choices=[('claimed', 'claimed'), ('missed', 'missed')], max_length=8)),
                ('claimed_at', models.DateTimeField()),
                ('job', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.job')),
                ('tenant', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.tenant')),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('tenant', 'name', 'local_date'), name='one_slot_per_job_and_date')],
            },
        ),
        migrations.CreateModel(
            name='ModelCall',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('purpose', models.CharField(max_length=40)),
                ('model', models.CharField(max_length=200)),
                ('attempt', models.PositiveSmallIntegerField(default=1)),
                ('prompt_hash', models.CharField(max_length=64)),
                ('inputs_hash', models.CharField(blank=True, max_length=64)),
                ('outcome', models.CharField(choices=[('asked', 'asked'), ('answered', 'answered'), ('partly', 'partly'), ('unusable', 'unusable'), ('rejected', 'rejected'), ('failed', 'failed'), ('over_cap', 'over_cap')], default=csm_portal.core.models.model_use.CallOutcome['ASKED'], max_length=10)),
                ('trouble', models.CharField(blank=True, max_length=300)),
                ('prompt_tokens', models.PositiveIntegerField(null=True)),
                ('completion_tokens', models.PositiveIntegerField(null=True)),
                ('cost_usd', models.DecimalField(decimal_places=6, max_digits=12, null=True)),
                ('seconds', models.FloatField(null=True)),
                ('run_id', models.UUIDField(null=True)),
                ('about', models.CharField(blank=True, max_length=100)),
                ('at', models.DateTimeField()),
                ('asked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('job', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='core.job')),
                ('tenant', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.tenant')),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'objects',
                'indexes': [models.Index(fields=['tenant', '-at', 'id'], name='model_calls_by_time'), models.Index(fields=['tenant', 'about'], name='model_calls_by_subject'), models.Index(fields=['tenant', 'run_id'], name='model_calls_by_run')],
            },
        ),
        migrations.CreateModel(
            name='AgentRun',
            fields=[
                ('id', models.UUIDField(default=csm_portal.core.keys.ordered, editable=False, primary_key=True, serialize=False)),
                ('task_type', models.CharField(max_length=40)),
                ('task', models.JSONField(default=dict)),
                ('account_ref', models.CharField(blank=True, max_length=64)),
                ('account_name', models.CharField(blank=True, max_length=300)),
                ('origin', models.CharField(choices=[('person', 'Person'), ('key', 'Agent key'), ('schedule', 'Schedule'), ('command', 'Command'), ('program', 'Program')], max_length=10)),
                ('caller_name', models.CharField(max_length=200)),
                ('state', models.CharField(choices=[('queued', 'queued'), ('running', 'running'), ('done', 'done'), ('partial', 'partial'), ('refused', 'refused'), ('failed', 'failed')], default=csm_portal.core.models.agent.RunState['QUEUED'], max_length=8)),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('started_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('model_calls', models.PositiveIntegerField(null=True)),
                ('prompt_tokens', models.PositiveIntegerField(null=True)),
                ('completion_tokens', models.PositiveIntegerField(null=True)),
                ('cost_usd', models.DecimalField(decimal_places=6, max_digits=12, null=True)),
                ('result', models.JSONField(default=dict)),
                ('error', models.TextField(blank=True)),
                ('idempotency_key', models.CharField(blank=True, max_length=200)),
                ('body_hash', models.CharField(blank=True, max_length=64)),
                ('actor', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('job', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='core.job')),
                ('key', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='runs', to='core.agentkey')),
                ('tenant', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.tenant')),
                ('is_queued', models.BooleanField(default=False)),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'objects',
                'indexes': [models.Index(fields=['tenant', '-asked_at', '-id'], name='core_agentr_tenant__aa2d3d_idx'), models.Index(fields=['tenant', 'task_type', '-asked_at', '-id'], name='core_agentr_tenant__7d4d05_idx')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('idempotency_key', ''), _negated=True), fields=('key', 'idempotency_key'), name='one_run_per_idempotency_key')],
            },
        ),
        migrations.RunPython(_guard, _unguard),
        migrations.RunPython(_cache_table, migrations.RunPython.noop),
    ]
