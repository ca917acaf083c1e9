"""What must hold before anything is served: the role's rights and the grid's hash."""

from django.db import connection

from egide.gate.rules import grid_hash


class WrongBase(SystemExit):
    """The program does not start: the sentence says why."""


def refuse_wrong_base() -> None:
    """Raises WrongBase when the role could go around the policies, or when the base decides by another grid."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.rolsuper OR r.rolbypassrls OR pg_has_role(r.oid, 'owner', 'MEMBER')"
            " OR pg_has_role(r.oid, 'gatekeeper', 'MEMBER')"
            " FROM pg_roles r WHERE r.rolname = current_user"
        )
        if cursor.fetchone() != (False,):
            raise WrongBase(
                "Égide ne démarre pas : le rôle PostgreSQL du serveur web peut contourner le cloisonnement."
            )
        cursor.execute("SELECT door.rule_hash()")
        row = cursor.fetchone()
    if row is None or row[0] != grid_hash():
        raise WrongBase(
            "Égide ne démarre pas : la grille d'habilitation de la base n'est pas celle du programme ;"
            " lancez « egide migrate »."
        )
    connection.close()
