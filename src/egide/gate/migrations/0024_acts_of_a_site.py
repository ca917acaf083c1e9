"""The plan blanc and a commission's mandate as acts of the one two-person mechanism; what was beside it goes."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("gate", "0023_lock"),
        ("accounts", "0012_one_mechanism"),
    ]
    operations: ClassVar[list[Operation]] = [
        migrations.RunSQL(
            sql=Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"), reverse_sql=migrations.RunSQL.noop
        ),
    ]
