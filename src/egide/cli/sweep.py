"""`egide sweep`: removes the search tokens of persons whose creation came to nothing, and says how many."""

from __future__ import annotations

from egide.cli.halt import Halt
from egide.kernel.capabilities import Refused
from egide.kernel.home import Home


def sweep(home: Home) -> str:
    """One sentence. Whole-base work, done by the keeper's finder; a row of the trail says the same numbers."""
    from egide.keeper.client import Keeper, KeeperDown

    finder = Keeper(home.keeper_socket("finder-ops"))
    try:
        told = finder.call("sweep")
    except (KeeperDown, Refused):
        raise Halt("La recherche ne répond pas : lancez « egide sweep » quand Égide tourne, sous son compte.") from None
    finally:
        finder.close()
    if not told["persons"]:
        return "Rien à balayer : chaque jeton de recherche mène à une personne."
    return f"{told['persons']} créations sans suite : {told['tokens']} jetons de recherche retirés."
