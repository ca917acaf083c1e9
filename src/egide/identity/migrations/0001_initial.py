"""Tables of the room `identity`, each protected in the migration that makes it."""

import django.db.models.deletion
import uuid
from django.db import migrations, models

from egide.gate.protect import ProtectTable


class Migration(migrations.Migration):
    initial = True

    dependencies = [("gate", "0001_gate")]

    operations = [
        migrations.CreateModel(
            name="Patient",
            fields=[
                ("patient_id", models.UUIDField(primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Ins",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("sealed", models.BinaryField()),
                ("patient", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="identity.patient")),
            ],
        ),
        migrations.CreateModel(
            name="Contact",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=24)),
                ("sealed", models.BinaryField()),
                ("patient", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="identity.patient")),
            ],
        ),
        migrations.CreateModel(
            name="Trait",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=24)),
                ("sealed", models.BinaryField()),
                ("patient", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="identity.patient")),
            ],
        ),
        ProtectTable("patient", "identity"),
        ProtectTable("trait", "identity"),
        ProtectTable("contact", "contact"),
        ProtectTable("ins", "ins"),
    ]
