import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0007_writes_figures'),
    ]

    operations = [
        migrations.CreateModel(
            name='RequestGate',
            fields=[
                ('fingerprint', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('held_until', models.FloatField(default=0)),
                ('seen_at', models.FloatField(default=0)),
            ],
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
    ]
