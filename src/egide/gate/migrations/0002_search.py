"""Search: tokens, who may search by what, what is shown and what it costs; then the rule of gate/rules.py."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation

from egide.gate.load_rules import LoadDoors, LoadRules


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("gate", "0001_gate")]
    operations: ClassVar[list[Operation]] = [
        migrations.RunSQL(
            sql=Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"), reverse_sql=migrations.RunSQL.noop
        ),
        LoadDoors(),
        LoadRules(),
    ]
