"""Acts about a site beside acts about a person, and the one whose second key may be put to the asker's screen."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation

from egide.accounts.load_acts import LoadActs

SQL = (Path(__file__).parent / "0012_one_mechanism.sql").read_text(encoding="utf-8")


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("accounts", "0011_renewed_sessions")]
    operations: ClassVar[list[Operation]] = [
        migrations.RunSQL(sql=SQL, reverse_sql=migrations.RunSQL.noop),
        LoadActs("about", "one_station"),
    ]
