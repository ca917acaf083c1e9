"""Living links are read by their index, whatever ended in a unit; the census and the day's cap count them."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("gate", "0026_identity_cell"),
        ("accounts", "0016_workstations"),
    ]
    operations: ClassVar[list[Operation]] = [
        migrations.RunSQL(
            sql=Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"), reverse_sql=migrations.RunSQL.noop
        ),
    ]
