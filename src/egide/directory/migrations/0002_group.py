"""Legal entities, services, kinds of unit, on-call lists: the group around the sites. No patient data."""

import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("directory", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="LegalEntity",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=200)),
                ("finess", models.CharField(max_length=9, unique=True)),
            ],
        ),
        migrations.CreateModel(
            name="Service",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=200)),
                ("code", models.CharField(max_length=20)),
                ("phone", models.CharField(blank=True, default="", max_length=20)),
                ("site", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="directory.site")),
            ],
        ),
        migrations.CreateModel(
            name="OnCall",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=200)),
                ("kind", models.CharField(max_length=10)),
                ("phone", models.CharField(blank=True, default="", max_length=20)),
                ("site", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="directory.site")),
            ],
        ),
        migrations.CreateModel(
            name="OnCallTurn",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField()),
                ("on_call", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="directory.oncall")),
                (
                    "professional",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="directory.professional"),
                ),
            ],
        ),
        migrations.AddField(
            model_name="site",
            name="entity",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to="directory.legalentity"),
        ),
        migrations.AddField(
            model_name="unit",
            name="service",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to="directory.service"),
        ),
        migrations.AddField(
            model_name="unit",
            name="kind",
            field=models.CharField(db_default="ward", default="ward", max_length=12),
        ),
        migrations.AddConstraint(
            model_name="unit",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["ward", "residence", "consultation", "emergency", "platform"])),
                name="unit_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="service",
            constraint=models.UniqueConstraint(fields=("site", "code"), name="service_code_in_site"),
        ),
        migrations.AddConstraint(
            model_name="oncall",
            constraint=models.UniqueConstraint(fields=("site", "name"), name="on_call_in_site"),
        ),
        migrations.AddConstraint(
            model_name="oncall",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["astreinte", "garde"])), name="on_call_kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="oncallturn",
            constraint=models.CheckConstraint(
                condition=models.Q(("until__gt", models.F("since"))), name="on_call_turn_order"
            ),
        ),
        migrations.AddConstraint(
            model_name="oncallturn",
            constraint=models.UniqueConstraint(fields=("on_call", "since", "professional"), name="on_call_turn_once"),
        ),
        migrations.RunSQL(
            "REVOKE ALL ON directory_legalentity, directory_service, directory_oncall, directory_oncallturn"
            " FROM PUBLIC;"
            "GRANT SELECT ON directory_legalentity, directory_service, directory_oncall, directory_oncallturn"
            " TO web, worker, gatekeeper, auditor;",
            migrations.RunSQL.noop,
        ),
    ]
