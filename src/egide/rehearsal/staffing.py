"""The demo's clinic and staff on a base: directory rows, accounts, one software key each. The operator's part."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg.conninfo import make_conninfo

from egide.keeper.client import Keeper
from egide.kernel.home import Home
from egide.rehearsal import hospital
from egide.rehearsal.people import REFERENCE
from egide.rehearsal.softkey import SoftKey

SINCE = datetime.combine(REFERENCE, time(), UTC)
"""Since when the demo's staff work where they work."""


def install(home: Home) -> int:
    """Write site, units, beds, professionals, accounts, memberships as migrator; returns how many accounts were added.

    No patient data: the migrator's secret is the operator's, so only he can run this. Adds only what lacks.
    """
    conninfo = make_conninfo("", **home.connection("migrator"), application_name="egide demo")
    with psycopg.connect(conninfo) as connection:
        connection.execute("SET LOCAL ROLE owner")
        _directory(connection)
        connection.execute("SET LOCAL ROLE NONE")
        return sum(_account(connection, account) for account in hospital.ACCOUNTS)


def _directory(connection: "psycopg.Connection[Any]") -> None:
    site = hospital.SITE
    connection.execute(
        "INSERT INTO directory_legalentity (id, name, finess) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        (site.entity.id, site.entity.name, site.entity.finess),
    )
    # a base of before legal entities has the site already
    connection.execute(
        "INSERT INTO directory_site (id, name, finess, kind, city, entity_id) VALUES (%s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (id) DO UPDATE SET entity_id = excluded.entity_id WHERE directory_site.entity_id IS NULL",
        (site.id, site.name, site.finess, site.kind, site.city, site.entity.id),
    )
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO directory_service (id, site_id, name, code, phone) VALUES (%s, %s, %s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            [(one.id, one.site.id, one.name, one.code, one.phone) for one in hospital.SERVICES],
        )
        cursor.executemany(
            "INSERT INTO directory_unit (id, site_id, service_id, name, code, specialty, kind)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (id) DO UPDATE SET service_id = excluded.service_id WHERE directory_unit.service_id IS NULL",
            [
                (unit.id, site.id, unit.service.id, unit.name, unit.code, unit.specialty, unit.kind)
                for unit in hospital.UNITS
            ],
        )
        cursor.executemany(
            "INSERT INTO directory_bed (id, unit_id, room, label) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [(bed.id, unit.id, bed.room, bed.label) for unit in hospital.UNITS for bed in unit.beds],
        )
        cursor.executemany(
            "INSERT INTO directory_professional (id, family, given, title, profession, rpps)"
            " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [(one.id, one.family, one.given, one.title, one.profession, one.rpps) for one in hospital.ACCOUNTS],
        )


def _account(connection: "psycopg.Connection[Any]", account: hospital.Account) -> bool:
    row = connection.execute(
        "SELECT accounts.add_person(%s, %s, %s, %s)", (account.id, account.username, account.name, hospital.SITE.id)
    ).fetchone()
    for unit in account.units or (None,):
        connection.execute(
            "SELECT accounts.add_membership(%s, %s, %s, %s)",
            (account.id, account.profession, unit.id if unit else None, SINCE),
        )
    return bool(row and row[0])


def make_keys(folder: Path, origin: str, owner: tuple[int, int] | None = None) -> list[SoftKey]:
    """One key an account in the key service's folder, given to its user (uid, gid); those already there are kept."""
    rp_id = urlsplit(origin).hostname
    if rp_id is None:
        raise ValueError("the origin names no host")
    keys = []
    for account in hospital.ACCOUNTS:
        path = folder / f"{account.username}.json"
        if path.exists():
            keys.append(SoftKey.load(path))
            continue
        key = SoftKey.make(account.username, account.id, rp_id)
        key.save(folder)
        if owner is not None:
            os.chown(path, *owner, follow_symlinks=False)
        keys.append(key)
    return keys


def enrol(home: Home, keys: list[SoftKey], told: Callable[[SoftKey], None] = lambda _: None) -> None:
    """Enrol each key by the keeper's `ops` socket; Refused(not_a_demo) on a base that was not born a demo."""
    keeper = Keeper(home.keeper_socket("ops"))
    try:
        for key in keys:
            keeper.call(
                "enrol",
                account=key.account.bytes,
                credential_id=key.credential_id,
                public_key=key.cose,
                aaguid=key.aaguid.bytes,
            )
            told(key)
    finally:
        keeper.close()


def listing() -> dict[str, list[dict[str, Any]]]:
    """What `demo/accounts.json` holds; `unit` is the first unit's name, empty for somebody without one."""
    return {
        "accounts": [
            {
                "username": account.username,
                "name": account.name,
                "profession": account.profession,
                "unit": account.units[0].name if account.units else "",
                "units": [str(unit.id) for unit in account.units],
            }
            for account in hospital.ACCOUNTS
        ]
    }


def write_listing(home: Home) -> Path:
    """Write the list of accounts, whole or not at all, readable by everybody."""
    draft = home.demo_accounts.with_suffix(".new")
    draft.write_text(json.dumps(listing(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    draft.chmod(0o644)
    draft.replace(home.demo_accounts)
    return home.demo_accounts
