"""Restricted facts: who restricted what and why, and the one function that moves a fact between categories."""

import uuid
from pathlib import Path
from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models
from django.db.migrations.operations.base import Operation

from egide.gate.protect import ProtectTable


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("gate", "0008_bases"),
        ("identity", "0002_candidates"),
        ("record", "0005_latest"),
    ]

    operations: ClassVar[list[Operation]] = [
        migrations.CreateModel(
            name="Restriction",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("fact", models.CharField(max_length=20)),
                ("target", models.UUIDField()),
                ("kind", models.CharField(max_length=10)),
                ("why", models.CharField(blank=True, default="", max_length=12)),
                ("recorded_at", models.DateTimeField()),
                ("author", models.UUIDField()),
                ("patient", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="identity.patient")),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["restrict", "release"])), name="restriction_kind"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("why__in", ["", "opposition", "psychiatry", "sensitive"])),
                        name="restriction_why",
                    ),
                ],
            },
        ),
        ProtectTable("restriction", "protected"),
        migrations.RunSQL("REVOKE INSERT, UPDATE ON record_restriction FROM web, worker", migrations.RunSQL.noop),
        migrations.RunSQL(
            sql=Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"), reverse_sql=migrations.RunSQL.noop
        ),
    ]
