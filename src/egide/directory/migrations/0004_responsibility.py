"""Who answers for a unit or a site at a given hour; written by the gate's functions alone, as are people they make."""

import uuid
from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("directory", "0003_psc")]
    operations: ClassVar[list[Operation]] = [
        migrations.CreateModel(
            name="Responsibility",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                (
                    "professional",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="directory.professional"),
                ),
                ("kind", models.CharField(max_length=10)),
                ("site", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="directory.site")),
                (
                    "unit",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to="directory.unit"),
                ),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddConstraint(
            model_name="responsibility",
            constraint=models.CheckConstraint(
                condition=models.Q(kind__in=["cadre", "chief"], unit__isnull=False)
                | models.Q(kind="guard", unit__isnull=True),
                name="responsibility_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="responsibility",
            constraint=models.CheckConstraint(
                condition=models.Q(until__isnull=True) | models.Q(until__gt=models.F("since")),
                name="responsibility_order",
            ),
        ),
        migrations.RunSQL(
            "REVOKE ALL ON directory_responsibility FROM PUBLIC;"
            "GRANT SELECT ON directory_responsibility TO web, worker, gatekeeper, auditor;"
            "GRANT INSERT, UPDATE, DELETE ON directory_responsibility TO gatekeeper;"
            "GRANT INSERT, UPDATE ON directory_professional TO gatekeeper;",
            migrations.RunSQL.noop,
        ),
    ]
