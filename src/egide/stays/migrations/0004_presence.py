"""Presence kept secret, on the stay; and who is present on a site, for the keeper's finder."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations, models
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("stays", "0003_rescue_beds"), ("identity", "0002_candidates"), ("gate", "0013_presence"),
    ]  # fmt: skip
    operations: ClassVar[list[Operation]] = [
        migrations.AddField("stay", "kept_secret", models.BooleanField(default=False, db_default=False)),
        migrations.RunSQL(
            sql=Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"), reverse_sql=migrations.RunSQL.noop
        ),
    ]
