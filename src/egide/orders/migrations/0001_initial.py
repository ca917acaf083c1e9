"""Requests of examinations and their steps, protected; the work list they feed, of the unit that receives them."""

import uuid
from pathlib import Path
from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models
from django.db.migrations.operations.base import Operation

from egide.gate.load_rules import LoadRules
from egide.gate.protect import ProtectTable


class Migration(migrations.Migration):
    initial = True

    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("directory", "0002_group"),
        ("gate", "0022_refused_acts"),
        ("identity", "0002_candidates"),
    ]

    operations: ClassVar[list[Operation]] = [
        migrations.CreateModel(
            name="Examination",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=10)),
                ("codes", models.CharField(max_length=200)),
                ("urgent", models.BooleanField()),
                ("wished_at", models.DateTimeField(null=True)),
                ("body", models.BinaryField()),
                ("asked_at", models.DateTimeField()),
                ("author", models.UUIDField()),
                ("patient", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="identity.patient")),
                ("unit", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="directory.unit")),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["laboratory", "imaging"])), name="examination_kind"
                    )
                ],
                "indexes": [models.Index(fields=["patient", "asked_at"], name="orders_exam_patient_07d021_idx")],
            },
        ),
        migrations.CreateModel(
            name="Step",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("step", models.CharField(max_length=10)),
                ("body", models.BinaryField(null=True)),
                ("at", models.DateTimeField()),
                ("author", models.UUIDField()),
                (
                    "examination",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="orders.examination"),
                ),
                ("patient", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="identity.patient")),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("step__in", ["done", "reported", "cancelled"])), name="step_kind"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("step", "done"), ("body__isnull", False), _connector="OR"),
                        name="step_words",
                    ),
                    models.UniqueConstraint(fields=("patient", "examination", "step"), name="step_once"),
                ],
            },
        ),
        ProtectTable("examination", "clinical"),
        ProtectTable("step", "clinical"),
        # What was asked is never rewritten; what became of it is written by the base's own function.
        migrations.RunSQL(
            "REVOKE UPDATE ON orders_examination FROM web, worker; REVOKE INSERT, UPDATE ON orders_step FROM web, worker;"
            " GRANT INSERT ON orders_step TO gatekeeper",
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(
            sql=Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"), reverse_sql=migrations.RunSQL.noop
        ),
        LoadRules(),
    ]
