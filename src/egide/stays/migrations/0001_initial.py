"""Tables of the room `stays`, each protected in the migration that makes it."""

import django.db.models.deletion
import uuid
from django.db import migrations, models

from egide.gate.protect import ProtectTable


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("directory", "0001_initial"),
        ("identity", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Stay",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("nda", models.BinaryField()),
                ("admitted_at", models.DateTimeField()),
                ("discharged_at", models.DateTimeField(null=True)),
                ("bed", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to="directory.bed")),
                ("patient", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="identity.patient")),
                ("unit", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="directory.unit")),
            ],
            options={
                "indexes": [models.Index(fields=["patient", "admitted_at"], name="stays_stay_patient_0ffe6a_idx")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("discharged_at__isnull", True),
                            ("discharged_at__gte", models.F("admitted_at")),
                            _connector="OR",
                        ),
                        name="stay_order",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("discharged_at__isnull", True)), fields=("bed",), name="one_bed_one_person"
                    ),
                ],
            },
        ),
        ProtectTable("stay", "stay"),
    ]
