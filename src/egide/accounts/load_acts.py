"""Migration operation: the base's copy of who may ask and approve which act becomes that of accounts/rules.py."""

from typing import Any

from django.db.migrations.operations.base import Operation

from egide.accounts import rules


class LoadActs(Operation):
    """A change of the rule is a new migration with this one operation: reviewed, ordered, seen by the fingerprint.

    It loads whatever of a kind the table has a column for, as the migration finds it.
    """

    reversible = True

    def __init__(self, *_columns: str) -> None:
        """Names of columns given by older migrations are not needed any more."""

    def state_forwards(self, app_label: str, state: Any) -> None:
        """The rule is no model."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Replace every line, in the migration's transaction."""
        with schema_editor.connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE gatekeeper")
            cursor.execute("DELETE FROM accounts.act_rule")
            cursor.execute("DELETE FROM accounts.act_kind")
            cursor.execute("DELETE FROM accounts.office")
            cursor.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = 'accounts.act_kind'::regclass AND attnum > 0"
            )
            there = {str(name) for (name,) in cursor.fetchall()}
            columns = [name for name in rules.Kind._fields if name in there]
            names, places = ", ".join(columns), ", ".join(["%s"] * len(columns))
            cursor.executemany(
                f"INSERT INTO accounts.act_kind ({names}) VALUES ({places})",  # noqa: S608 — names of ours
                [[getattr(one, name) for name in columns] for one in rules.ACTS],
            )
            cursor.executemany(
                "INSERT INTO accounts.act_rule (kind, place, role) VALUES (%s, %s, %s)",
                [
                    (one.kind, place, role)
                    for one in rules.ACTS
                    for place, roles in (("ask", one.asks), ("yes", one.says))
                    for role in roles
                ],
            )
            cursor.executemany(
                "INSERT INTO accounts.office (profession) VALUES (%s)", [(one,) for one in rules.OFFICES]
            )
            cursor.execute("SET LOCAL ROLE owner")

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Nothing to undo: the tables go with their migration."""

    def describe(self) -> str:
        """What `migrate` prints."""
        return "Load who may ask and approve which act"
