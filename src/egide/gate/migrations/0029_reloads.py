"""A page reloaded when what opened it has ended is no denial toward the freeze of its session."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("gate", "0028_shown_by_a_search")]
    operations: ClassVar[list[Operation]] = [
        migrations.RunSQL(
            sql=Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"), reverse_sql=migrations.RunSQL.noop
        ),
    ]
