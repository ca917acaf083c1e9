"""The reason of an appointment is clinical, whatever its table is: a rotation of keys must know."""

from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("agenda", "0002_expected"), ("gate", "0021_key_life")]
    operations: ClassVar[list[Operation]] = [
        migrations.RunSQL("COMMENT ON COLUMN agenda_appointment.reason IS 'sealed: clinical'", migrations.RunSQL.noop),
    ]
