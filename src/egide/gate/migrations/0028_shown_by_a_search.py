"""What a search showed is told by a search, not by « Présents du site »."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("gate", "0027_living")]
    operations: ClassVar[list[Operation]] = [
        migrations.RunSQL(
            sql=Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"), reverse_sql=migrations.RunSQL.noop
        ),
    ]
