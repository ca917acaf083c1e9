"""Migration operation: the base's copy of the authorisation grid becomes that of gate/rules.py, hash included."""

from typing import Any

from django.db.migrations.operations.base import Operation

from egide.gate import rules


class LoadRules(Operation):
    """A change of the grid is a new migration with this one operation: reviewed, ordered, seen by the fingerprint."""

    reversible = True

    def state_forwards(self, app_label: str, state: Any) -> None:
        """The grid is no model."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Replace every cell, in the migration's transaction."""
        with schema_editor.connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE gatekeeper")
            cursor.execute("DELETE FROM gate.rule")
            cursor.executemany(
                "INSERT INTO gate.rule (profession, basis, category, act, allowed, reason)"
                " VALUES (%s, %s, %s, %s, %s, %s)",
                [tuple(rule) for rule in rules.grid()],
            )
            cursor.execute(
                "INSERT INTO gate.rule_hash (hash) VALUES (%s) ON CONFLICT (one) DO UPDATE SET hash = excluded.hash",
                [rules.grid_hash()],
            )
            cursor.execute("SET LOCAL ROLE owner")

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """The older grid is loaded by the older migration; nothing to undo here."""

    def describe(self) -> str:
        """What `migrate` prints."""
        return "Load the authorisation grid"


class LoadDoors(Operation):
    """Who may search by which door: the base's copy becomes that of gate/rules.py; one hash covers grid and doors.

    `doors`: those the table knows at this point of its history; the first migration knew three.
    """

    reversible = True

    def __init__(self, *doors: str) -> None:
        self.doors = doors or ("date", "number", "year")

    def state_forwards(self, app_label: str, state: Any) -> None:
        """The doors are no model."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Replace every line, in the migration's transaction."""
        with schema_editor.connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE gatekeeper")
            cursor.execute("DELETE FROM gate.search_door")
            cursor.executemany(
                "INSERT INTO gate.search_door (profession, door, allowed, reason) VALUES (%s, %s, %s, %s)",
                [tuple(door) for door in rules.doors() if door.door in self.doors],
            )
            cursor.execute("SET LOCAL ROLE owner")

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Nothing to undo: the table goes with its migration."""

    def describe(self) -> str:
        """What `migrate` prints."""
        return "Load who may search"


class LoadOversight(Operation):
    """Who sees which page of oversight: the base's copy becomes that of gate/rules.py, under the same hash."""

    reversible = True

    def state_forwards(self, app_label: str, state: Any) -> None:
        """These lines are no model."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Replace every line, in the migration's transaction."""
        with schema_editor.connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE gatekeeper")
            cursor.execute("DELETE FROM gate.oversight")
            cursor.executemany(
                "INSERT INTO gate.oversight (profession, page, allowed, reason) VALUES (%s, %s, %s, %s)",
                [tuple(line) for line in rules.oversight()],
            )
            cursor.execute("SET LOCAL ROLE owner")

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Nothing to undo: the table goes with its migration."""

    def describe(self) -> str:
        """What `migrate` prints."""
        return "Load who oversees"
