"""The latest value of each parameter, for lists over a unit."""

from pathlib import Path
from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models
from django.db.migrations.operations.base import Operation

from egide.gate.protect import ProtectTable


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("gate", "0001_gate"),
        ("identity", "0002_candidates"),
        ("record", "0004_imported"),
    ]

    operations: ClassVar[list[Operation]] = [
        migrations.CreateModel(
            name="Latest",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("category", models.CharField(max_length=10)),
                ("code", models.CharField(max_length=20)),
                ("value", models.DecimalField(decimal_places=3, max_digits=10)),
                ("taken_at", models.DateTimeField()),
                (
                    "patient",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="identity.patient",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("category__in", ["clinical", "protected"])), name="latest_category"
                    ),
                    models.UniqueConstraint(fields=("patient", "category", "code"), name="latest_of_each"),
                ],
            },
        ),
        ProtectTable("Latest", "clinical", "protected"),
        migrations.RunSQL(
            sql=Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"), reverse_sql=migrations.RunSQL.noop
        ),
    ]
