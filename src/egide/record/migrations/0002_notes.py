"""Notes and targeted transmissions, drafts that only their author reads, and the end of a fact by a row of its own."""

import uuid
from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models
from django.db.migrations.operations.base import Operation

from egide.gate.protect import ProtectTable

# Who acts, for the policies of tables whose rows their author alone reads: from the ticket, never from an argument.
ACTING_ACCOUNT = """
SET LOCAL ROLE gatekeeper;
CREATE FUNCTION gate.acting_account() RETURNS uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (gate.acting()).account;
END $$;
REVOKE ALL ON FUNCTION gate.acting_account() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION gate.acting_account() TO web, worker, owner;
SET LOCAL ROLE owner;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("gate", "0003_links"),
        ("identity", "0002_candidates"),
        ("record", "0001_initial"),
    ]
    operations: ClassVar[list[Operation]] = [
        migrations.RunSQL(ACTING_ACCOUNT, migrations.RunSQL.noop),
        migrations.CreateModel(
            name="Amendment",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("category", models.CharField(default="clinical", max_length=10)),
                ("fact", models.CharField(max_length=20)),
                ("target", models.UUIDField()),
                ("kind", models.CharField(max_length=10)),
                ("replaced_by", models.UUIDField(null=True)),
                ("since", models.DateField(null=True)),
                ("reason", models.BinaryField(null=True)),
                ("recorded_at", models.DateTimeField()),
                ("author", models.UUIDField()),
                ("patient", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="identity.patient")),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("category__in", ["clinical", "protected"])), name="amendment_category"
                    ),
                    models.CheckConstraint(condition=models.Q(("kind__in", ["error", "over"])), name="amendment_kind"),
                    models.UniqueConstraint(fields=("patient", "target", "kind"), name="amended_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Draft",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=20)),
                ("author", models.UUIDField()),
                ("revision", models.PositiveIntegerField()),
                ("body", models.BinaryField(null=True)),
                ("saved_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("patient", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="identity.patient")),
            ],
            options={
                "indexes": [models.Index(fields=["patient", "author"], name="record_draf_patient_f6ef0c_idx")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("body__isnull", False), ("ended_at__isnull", False), _connector="OR"),
                        name="draft_body",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("body__isnull", True), ("ended_at__isnull", True), _connector="OR"),
                        name="draft_emptied",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Note",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("category", models.CharField(default="clinical", max_length=10)),
                ("kind", models.CharField(max_length=20)),
                ("template", models.CharField(max_length=20)),
                ("written_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                ("author", models.UUIDField()),
                ("body", models.BinaryField()),
                ("patient", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="identity.patient")),
            ],
            options={
                "indexes": [models.Index(fields=["patient", "written_at"], name="record_note_patient_a9c821_idx")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("category__in", ["clinical", "protected"])), name="note_category"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["note", "transmission"])), name="note_kind"
                    ),
                ],
            },
        ),
        ProtectTable("note", "clinical", "protected"),
        ProtectTable("amendment", "clinical", "protected"),
        ProtectTable("draft", "clinical", own="author"),
        # what was signed is not rewritten: it is ended by an amendment, which itself stays
        migrations.RunSQL("REVOKE UPDATE ON record_note, record_amendment FROM web, worker", migrations.RunSQL.noop),
    ]
