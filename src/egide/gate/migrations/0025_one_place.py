"""What stood in several functions stands in one: who opens rescues, outside a link, what a search showed."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("gate", "0024_acts_of_a_site"),
        ("accounts", "0012_one_mechanism"),
        ("identity", "0004_domain"),
    ]
    operations: ClassVar[list[Operation]] = [
        migrations.RunSQL(
            sql=Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"), reverse_sql=migrations.RunSQL.noop
        ),
    ]
