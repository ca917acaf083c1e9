"""Tables of the room `record`, each protected in the migration that makes it."""

import django.db.models.deletion
import uuid
from django.db import migrations, models

from egide.gate.protect import ProtectTable


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("identity", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Allergy",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("category", models.CharField(default="clinical", max_length=10)),
                ("system", models.CharField(blank=True, default="", max_length=100)),
                ("code", models.CharField(blank=True, default="", max_length=40)),
                ("substance", models.BinaryField()),
                ("reaction", models.BinaryField(null=True)),
                ("severity", models.CharField(blank=True, default="", max_length=10)),
                ("recorded_at", models.DateTimeField()),
                ("author", models.UUIDField()),
                ("patient", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="identity.patient")),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("category__in", ["clinical", "protected"])), name="allergy_category"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("severity__in", ["", "mild", "moderate", "severe"])),
                        name="allergy_severity",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Measurement",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("category", models.CharField(default="clinical", max_length=10)),
                ("code", models.CharField(max_length=20)),
                ("value", models.DecimalField(decimal_places=3, max_digits=10)),
                ("unit", models.CharField(max_length=20)),
                ("taken_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                ("author", models.UUIDField()),
                ("set_id", models.UUIDField(null=True)),
                ("comment", models.BinaryField(null=True)),
                ("patient", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="identity.patient")),
            ],
            options={
                "indexes": [
                    models.Index(fields=["patient", "code", "taken_at"], name="record_meas_patient_21d0db_idx")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("category__in", ["clinical", "protected"])), name="measurement_category"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Problem",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("category", models.CharField(default="clinical", max_length=10)),
                ("system", models.CharField(max_length=100)),
                ("code", models.CharField(max_length=40)),
                ("label", models.BinaryField()),
                ("onset", models.DateField(null=True)),
                ("ended", models.DateField(null=True)),
                ("recorded_at", models.DateTimeField()),
                ("author", models.UUIDField()),
                ("patient", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="identity.patient")),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("category__in", ["clinical", "protected"])), name="problem_category"
                    )
                ],
            },
        ),
        ProtectTable("problem", "clinical", "protected"),
        ProtectTable("allergy", "clinical", "protected"),
        ProtectTable("measurement", "clinical", "protected"),
    ]
