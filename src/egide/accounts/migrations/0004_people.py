"""People: created, granted, suspended, ended, their keys handed and lost, by acts of one or two persons."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation

from egide.accounts.load_acts import LoadActs

HERE = Path(__file__).parent


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("accounts", "0003_rescue"),
        ("directory", "0004_responsibility"),
        ("gate", "0007_arrival"),
    ]
    operations: ClassVar[list[Operation]] = [
        *(
            migrations.RunSQL(
                sql=(HERE / f"0004_people_{part}.sql").read_text(encoding="utf-8"),
                reverse_sql=migrations.RunSQL.noop,
            )
            for part in ("tables", "acts", "effects", "keys", "reads")
        ),
        LoadActs(),
    ]
