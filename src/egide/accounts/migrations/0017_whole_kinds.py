"""The kinds of acts, whole again: the load before left out what an act is about and where its second key is put."""

from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation

from egide.accounts.load_acts import LoadActs


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("accounts", "0016_workstations")]
    operations: ClassVar[list[Operation]] = [LoadActs()]
