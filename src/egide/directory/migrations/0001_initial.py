"""Tables of the room `directory`: no patient data, read by every process."""

import django.db.models.deletion
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Professional",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("family", models.CharField(max_length=100)),
                ("given", models.CharField(max_length=100)),
                ("title", models.CharField(blank=True, default="", max_length=20)),
                ("profession", models.CharField(max_length=30)),
                ("rpps", models.CharField(blank=True, default="", max_length=11)),
            ],
        ),
        migrations.CreateModel(
            name="Site",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=200)),
                ("finess", models.CharField(max_length=9, unique=True)),
                ("kind", models.CharField(max_length=20)),
                ("city", models.CharField(max_length=100)),
            ],
        ),
        migrations.CreateModel(
            name="Unit",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=200)),
                ("code", models.CharField(max_length=20)),
                ("specialty", models.CharField(blank=True, default="", max_length=100)),
                ("site", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="directory.site")),
            ],
        ),
        migrations.CreateModel(
            name="Bed",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("room", models.CharField(max_length=20)),
                ("label", models.CharField(max_length=20)),
                ("unit", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="directory.unit")),
            ],
        ),
        migrations.AddConstraint(
            model_name="unit",
            constraint=models.UniqueConstraint(fields=("site", "code"), name="unit_code_in_site"),
        ),
        migrations.AddConstraint(
            model_name="bed",
            constraint=models.UniqueConstraint(fields=("unit", "room", "label"), name="bed_once"),
        ),
        migrations.RunSQL(
            "REVOKE ALL ON directory_site, directory_unit, directory_bed, directory_professional FROM PUBLIC;"
            "GRANT SELECT ON directory_site, directory_unit, directory_bed, directory_professional"
            " TO web, worker, gatekeeper, auditor;",
            migrations.RunSQL.noop,
        ),
    ]
