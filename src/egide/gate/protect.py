"""Migration operation: a table of patient data gets policies, FORCE row security and grants in one step (gate.md §2).

The policies are TO public: given to the web alone, the owner would silently see no row, and validate a foreign key
over an orphan.
"""

from typing import Any

from django.db.migrations.operations.base import Operation

# model label → categories; filled as migrations are read, compared with the models and pg_class by a house test
PROTECTED: dict[str, tuple[str, ...]] = {}


class ProtectTable(Operation):
    """`ProtectTable("measurement", "clinical", "protected")`: with two categories the table has a `category` column."""

    reversible = False
    reduces_to_sql = True

    def __init__(self, model: str, *categories: str) -> None:
        self.model = model
        self.categories = categories

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        """For the migration writer."""
        return (self.__class__.__qualname__, (self.model, *self.categories), {})

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Remembers what is protected: the state of models does not change."""
        PROTECTED[f"{app_label}.{self.model}"] = self.categories

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """ENABLE, FORCE, three policies, and the grants of web and worker (never DELETE)."""
        table = to_state.apps.get_model(app_label, self.model)._meta.db_table
        for statement in protect_sql(table, self.categories):
            schema_editor.execute(statement)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Protection is never taken away by a migration."""
        raise NotImplementedError("ProtectTable is not reversible")

    def describe(self) -> str:
        """What `migrate` prints."""
        return f"Protect {self.model} ({', '.join(self.categories)})"


def protect_sql(table: str, categories: tuple[str, ...]) -> list[str]:
    """The statements; `table` and `categories` come from migrations, never from input."""

    def opened(mode: str) -> str:
        asked = [(c, f"patient_id = ANY ((SELECT gate.opened_patients('{c}', '{mode}'))::uuid[])") for c in categories]
        if len(asked) == 1:
            return asked[0][1]
        return " OR ".join(f"(category = '{c}' AND {condition})" for c, condition in asked)

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
