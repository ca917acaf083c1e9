"""Migration operation: a table of patient data gets policies, FORCE row security and grants in one step (gate.md §2).

The policies are TO public: given to the web alone, the owner would silently see no row, and validate a foreign key
over an orphan.
"""

from typing import Any

from django.db.migrations.operations.base import Operation
from django.db.models import BinaryField

# model label → categories; filled as migrations are read, compared with the models and pg_class by a house test
PROTECTED: dict[str, tuple[str, ...]] = {}
# model label → column that must be the acting account: rows their author alone reads and writes (drafts)
OWN: dict[str, str] = {}


class ProtectTable(Operation):
    """`ProtectTable("measurement", "clinical", "protected")`: with two categories the table has a `category` column.

    With `own`, a column of account ids, each policy also asks that it be the account that acts.
    """

    reversible = False
    reduces_to_sql = True

    def __init__(self, model: str, *categories: str, own: str = "") -> None:
        self.model = model
        self.categories = categories
        self.own = own

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        """For the migration writer."""
        return (self.__class__.__qualname__, (self.model, *self.categories), {"own": self.own} if self.own else {})

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Remembers what is protected: the state of models does not change."""
        PROTECTED[f"{app_label}.{self.model}"] = self.categories
        if self.own:
            OWN[f"{app_label}.{self.model}"] = self.own

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """ENABLE, FORCE, three policies, and the grants of web and worker (never DELETE)."""
        # Foreign keys wait for the migration's end, and their check would then ask these policies for a ticket.
        while schema_editor.deferred_sql:
            schema_editor.execute(schema_editor.deferred_sql.pop(0), None)
        meta = to_state.apps.get_model(app_label, self.model)._meta
        sealed = [str(field.column) for field in meta.fields if isinstance(field, BinaryField)]
        for statement in (*protect_sql(meta.db_table, self.categories, self.own), *reseal_sql(meta.db_table, sealed)):
            schema_editor.execute(statement)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Protection is never taken away by a migration."""
        raise NotImplementedError("ProtectTable is not reversible")

    def describe(self) -> str:
        """What `migrate` prints."""
        return f"Protect {self.model} ({', '.join(self.categories)})"


def reseal_sql(table: str, sealed: list[str]) -> list[str]:
    """What a rotation of keys needs (gate.reseal): nothing else of the row may be changed."""
    return [f'GRANT SELECT, UPDATE ("{column}") ON "{table}" TO gatekeeper' for column in sealed]


def protect_sql(table: str, categories: tuple[str, ...], own: str = "") -> list[str]:
    """The statements; `table`, `categories` and `own` come from migrations, never from input."""

    def opened(mode: str) -> str:
        asked = [(c, f"patient_id = ANY ((SELECT gate.opened_patients('{c}', '{mode}'))::uuid[])") for c in categories]
        if len(asked) == 1:
            said = asked[0][1]
        else:
            said = " OR ".join(f"(category = '{c}' AND {condition})" for c, condition in asked)
        return f"({said}) AND {own} = (SELECT gate.acting_account())" if own else said

    write = opened("write")
    return [
        f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY',
        f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY',
        f'CREATE POLICY opened_read ON "{table}" FOR SELECT TO public USING ({opened("read")})',
        f'CREATE POLICY opened_insert ON "{table}" FOR INSERT TO public WITH CHECK ({write})',
        f'CREATE POLICY opened_update ON "{table}" FOR UPDATE TO public USING ({write}) WITH CHECK ({write})',
        f'REVOKE ALL ON "{table}" FROM PUBLIC',
        f'GRANT SELECT, INSERT, UPDATE ON "{table}" TO web, worker',
    ]
