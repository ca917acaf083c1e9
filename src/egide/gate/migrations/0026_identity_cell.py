"""The identity cell: searches, names one patient at a time to tell identities apart; then doors, pages and the rule."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation

from egide.gate.load_rules import LoadDoors, LoadOversight, LoadRules


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("gate", "0025_one_place"), ("accounts", "0013_identity_cell")]
    operations: ClassVar[list[Operation]] = [
        migrations.RunSQL(
            sql=Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"), reverse_sql=migrations.RunSQL.noop
        ),
        LoadDoors("date", "number", "year", "present", "phone"),
        LoadOversight(),
        LoadRules(),
    ]
