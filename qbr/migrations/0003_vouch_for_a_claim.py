from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("qbr", "0002_publishing_and_commitments")]

    operations = [
        migrations.RemoveConstraint(model_name="vouch", name="one_vouch_per_figure"),
        migrations.AlterField(model_name="vouch", name="text", field=models.TextField()),
        migrations.AddField(
            model_name="vouch", name="sentence", field=models.TextField(default=""), preserve_default=False
        ),
        migrations.AddField(
            model_name="vouch",
            name="claim",
            field=models.CharField(default="", max_length=64),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            model_name="vouch",
            constraint=models.UniqueConstraint(fields=("qbr", "claim"), name="one_vouch_per_claim"),
        ),
    ]
