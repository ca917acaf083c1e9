"""What other systems tell, dated and read-only, and what has no place here, kept aside; an import writes both."""

import uuid
from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models
from django.db.migrations.operations.base import Operation

from egide.gate.load_rules import LoadRules
from egide.gate.protect import ProtectTable


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("gate", "0008_bases"),
        ("identity", "0002_candidates"),
        ("record", "0003_problems"),
    ]

    operations: ClassVar[list[Operation]] = [
        migrations.CreateModel(
            name="Kept",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("patient_id", models.UUIDField()),
                ("category", models.CharField(default="clinical", max_length=10)),
                ("type", models.CharField(max_length=40)),
                ("reason", models.CharField(max_length=20)),
                ("at", models.DateTimeField(null=True)),
                ("content", models.BinaryField()),
                ("recorded_at", models.DateTimeField()),
                ("author", models.UUIDField()),
            ],
            options={
                "indexes": [models.Index(fields=["patient_id", "type"], name="record_kept_patient_63e3be_idx")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("category__in", ["clinical", "protected", "ins"])), name="kept_category"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ImportedFact",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("category", models.CharField(default="clinical", max_length=10)),
                ("kind", models.CharField(max_length=14)),
                ("system", models.CharField(blank=True, default="", max_length=100)),
                ("code", models.CharField(blank=True, default="", max_length=40)),
                ("state", models.CharField(blank=True, default="", max_length=20)),
                ("at", models.DateTimeField()),
                ("until", models.DateTimeField(null=True)),
                ("body", models.BinaryField()),
                ("content", models.BinaryField(null=True)),
                ("recorded_at", models.DateTimeField()),
                ("author", models.UUIDField()),
                ("patient", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="identity.patient")),
            ],
            options={
                "indexes": [models.Index(fields=["patient", "kind", "at"], name="record_impo_patient_63afd4_idx")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("category__in", ["clinical", "protected"])), name="imported_category"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                ["prescription", "statement", "administration", "vaccination", "act", "document"],
                            )
                        ),
                        name="imported_kind",
                    ),
                ],
            },
        ),
        ProtectTable("kept", "clinical", "protected", "ins"),
        ProtectTable("importedfact", "clinical", "protected"),
        # what came from elsewhere is not rewritten here, and no page writes any
        migrations.RunSQL("REVOKE UPDATE ON record_kept, record_importedfact FROM web, worker", migrations.RunSQL.noop),
        migrations.RunSQL("REVOKE INSERT ON record_kept, record_importedfact FROM web", migrations.RunSQL.noop),
        LoadRules(),
    ]
