"""Whom a unit expects on a day, the one function over appointments that crosses persons; secretaries give them."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation

from egide.gate.load_rules import LoadRules


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("agenda", "0001_initial"), ("gate", "0019_commission")]
    operations: ClassVar[list[Operation]] = [
        migrations.RunSQL(
            sql=Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"), reverse_sql=migrations.RunSQL.noop
        ),
        LoadRules(),
    ]
