"""Antecedents beside problems, whom to call, advance directives; who cares for a patient may write whom to call."""

import uuid
from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models
from django.db.migrations.operations.base import Operation

from egide.gate.load_rules import LoadRules
from egide.gate.protect import ProtectTable


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("gate", "0005_my_day"),
        ("identity", "0002_candidates"),
        ("record", "0002_notes"),
    ]

    operations: ClassVar[list[Operation]] = [
        migrations.CreateModel(
            name="ContactPerson",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=10)),
                ("sealed", models.BinaryField()),
                ("recorded_at", models.DateTimeField()),
                ("author", models.UUIDField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_by", models.UUIDField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Directive",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("category", models.CharField(default="clinical", max_length=10)),
                ("kind", models.CharField(max_length=10)),
                ("sealed", models.BinaryField()),
                ("recorded_at", models.DateTimeField()),
                ("author", models.UUIDField()),
            ],
        ),
        migrations.AddField(
            model_name="problem",
            name="kind",
            field=models.CharField(db_default="problem", default="problem", max_length=12),
        ),
        migrations.AddConstraint(
            model_name="problem",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["problem", "medical", "surgical", "obstetric", "family", "habit"])),
                name="problem_kind",
            ),
        ),
        migrations.AddField(
            model_name="contactperson",
            name="patient",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="identity.patient"),
        ),
        migrations.AddField(
            model_name="directive",
            name="patient",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="identity.patient"),
        ),
        migrations.AddConstraint(
            model_name="contactperson",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["trusted", "notify", "guardian"])), name="contact_person_kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="directive",
            constraint=models.CheckConstraint(
                condition=models.Q(("category__in", ["clinical", "protected"])), name="directive_category"
            ),
        ),
        migrations.AddConstraint(
            model_name="directive",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["written", "none", "unwilling"])), name="directive_kind"
            ),
        ),
        ProtectTable("contactperson", "contact"),
        ProtectTable("directive", "clinical", "protected"),
        migrations.RunSQL("REVOKE UPDATE ON record_directive FROM web, worker", migrations.RunSQL.noop),
        LoadRules(),
    ]
