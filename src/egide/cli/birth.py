"""A base and its keys are born once: keys that lack are told before new ones are made; the certificate is published."""

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg

from egide.cli.cluster import Cluster
from egide.cli.halt import Halt
from egide.kernel.home import Home


def refuse_lost_keys(home: Home, cluster: Cluster, applied: set[tuple[str, str]]) -> None:
    """A born base and a keeper without keys: new keys would make every sealed value unreadable for ever."""
    base, keys = home.base(), home.keeper_birth.exists() and any(_masters(home))
    if base is not None and base.born > datetime.now(UTC):
        raise Halt(
            f"L'horloge de la machine est en retard : la base est née le {base.born:%d/%m/%Y à %H:%M} UTC ; "
            "mettez-la à l'heure, puis relancez."
        )
    if not keys and (base is not None or (applied and _someone_is_known(cluster))):
        raise Halt(
            f"Les clés du gardien manquent dans {home.keeper} alors que la base existe : remettez ce dossier "
            "depuis sa sauvegarde ; sans lui, rien de ce qui est scellé ne peut être relu."
        )


def _masters(home: Home) -> Iterator[str]:
    with contextlib.suppress(FileNotFoundError):
        yield from (path.name for path in home.keeper_masters.iterdir())
    # a passphrase being set when all was killed: the keeper ends it at its start
    with contextlib.suppress(FileNotFoundError):
        yield from (path.name for path in home.keeper_masters.with_name("masters.plain").iterdir())


def _someone_is_known(cluster: Cluster) -> bool:
    """Whether the trail has a row: no patient comes in without one."""
    with psycopg.connect(cluster.dsn("migrator"), options="-c role=gatekeeper") as connection:
        if connection.execute("SELECT to_regclass('audit.entry')").fetchone() == (None,):
            return False
        return connection.execute("SELECT 1 FROM audit.entry LIMIT 1").fetchone() is not None


def set_aside_unfinished_keys(home: Home) -> None:
    """Keys without a birth certificate come from a birth cut short: they sealed nothing. Kept, out of the way."""
    if any(_masters(home)):
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
        home.keeper_masters.rename(home.keeper / f"unfinished-{stamp}")


def publish(home: Home) -> None:
    """Copies the birth certificate, which the keeper signed, to where every process may read it."""
    if not home.base_json.exists():
        draft = home.base_json.with_suffix(".new")
        draft.write_bytes(home.keeper_birth.read_bytes())
        draft.chmod(0o644)
        draft.replace(home.base_json)
