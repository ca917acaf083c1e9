"""Appointments, protected in the migration that makes them."""

import uuid

import django.db.models.deletion
from django.db import migrations, models

from egide.gate.protect import ProtectTable


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("directory", "0002_group"),
        ("identity", "0002_candidates"),
    ]

    operations = [
        migrations.CreateModel(
            name="Appointment",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("starts_at", models.DateTimeField()),
                ("minutes", models.PositiveSmallIntegerField()),
                ("state", models.CharField(default="booked", max_length=10)),
                ("reason", models.BinaryField(null=True)),
                ("recorded_at", models.DateTimeField()),
                ("author", models.UUIDField()),
                ("changed_at", models.DateTimeField(null=True)),
                ("changed_by", models.UUIDField(null=True)),
                ("patient", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="identity.patient")),
                (
                    "professional",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, to="directory.professional"
                    ),
                ),
                ("unit", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="directory.unit")),
            ],
            options={
                "indexes": [
                    models.Index(fields=["patient", "starts_at"], name="agenda_appo_patient_1ed878_idx"),
                    models.Index(fields=["unit", "starts_at"], name="agenda_appo_unit_id_ce6198_idx"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["booked", "arrived", "kept", "cancelled", "missed"])),
                        name="appointment_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("minutes__gte", 5), ("minutes__lte", 480)), name="appointment_minutes"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("changed_at__isnull", True), ("changed_by__isnull", True), ("state", "booked")
                            ),
                            models.Q(("changed_at__isnull", False), ("changed_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="appointment_change",
                    ),
                ],
            },
        ),
        ProtectTable("appointment", "stay"),
    ]
