"""Migration operation: the base's copy of who may ask and approve which act becomes that of accounts/rules.py."""

from typing import Any

from django.db.migrations.operations.base import Operation

from egide.accounts import rules


class LoadActs(Operation):
    """A change of the rule is a new migration with this one operation: reviewed, ordered, seen by the fingerprint.

    `columns`: what a kind has beside its name, yeses and seconds in the base as this migration finds it.
    """

    reversible = True

    def __init__(self, *columns: str) -> None:
        self._columns = ("kind", "yeses", "seconds", *columns)

    def state_forwards(self, app_label: str, state: Any) -> None:
        """The rule is no model."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Replace every line, in the migration's transaction."""
        with schema_editor.connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE gatekeeper")
            cursor.execute("DELETE FROM accounts.act_rule")
            cursor.execute("DELETE FROM accounts.act_kind")
            cursor.execute("DELETE FROM accounts.office")
            names, places = ", ".join(self._columns), ", ".join(["%s"] * len(self._columns))
            cursor.executemany(
                f"INSERT INTO accounts.act_kind ({names}) VALUES ({places})",  # noqa: S608 — names of ours
                [[getattr(one, name) for name in self._columns] for one in rules.ACTS],
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
