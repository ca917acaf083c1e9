"""The demo's group and its staff on a base: directory rows, accounts, one software key each. The operator's part."""

import json
import os
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg.conninfo import make_conninfo

from egide.keeper.client import Keeper
from egide.kernel.home import Home
from egide.rehearsal import duties, group, staff
from egide.rehearsal.softkey import SoftKey

KEYS_AT_ONCE = 200


def install(home: Home, today: date) -> int:
    """Write the group's structure, its people, their accounts and memberships as migrator; how many accounts are new.

    On-call turns from the week of `today` on. No patient data: the migrator's secret is the operator's, so only he can
    run this. Adds only what lacks.
    """
    conninfo = make_conninfo("", **home.connection("migrator"), application_name="egide demo")
    with psycopg.connect(conninfo) as connection:
        connection.execute("SET LOCAL ROLE owner")
        _structure(connection.cursor())
        _people(connection.cursor(), today)
        connection.execute("SET LOCAL ROLE NONE")
        return _accounts(connection)


def _structure(cursor: "psycopg.Cursor[Any]") -> None:
    cursor.executemany(
        "INSERT INTO directory_legalentity (id, name, finess) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        [(one.id, one.name, one.finess) for one in group.ENTITIES],
    )
    # a base of before legal entities has the first site and its units already
    cursor.executemany(
        "INSERT INTO directory_site (id, name, finess, kind, city, entity_id) VALUES (%s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (id) DO UPDATE SET entity_id = excluded.entity_id WHERE directory_site.entity_id IS NULL",
        [(one.id, one.name, one.finess, one.kind, one.city, one.entity.id) for one in group.SITES],
    )
    cursor.executemany(
        "INSERT INTO directory_service (id, site_id, name, code, phone) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT DO NOTHING",
        [(one.id, one.site.id, one.name, one.code, one.phone) for one in group.SERVICES],
    )
    cursor.executemany(
        "INSERT INTO directory_unit (id, site_id, service_id, name, code, specialty, kind)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (id) DO UPDATE SET service_id = excluded.service_id WHERE directory_unit.service_id IS NULL",
        [
            (unit.id, unit.service.site.id, unit.service.id, unit.name, unit.code, unit.specialty, unit.kind)
            for unit in group.UNITS
        ],
    )
    cursor.executemany(
        "INSERT INTO directory_bed (id, unit_id, room, label) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
        [(bed.id, unit.id, bed.room, bed.label) for unit in group.UNITS for bed in unit.beds],
    )


def _people(cursor: "psycopg.Cursor[Any]", today: date) -> None:
    cursor.executemany(
        "INSERT INTO directory_professional (id, family, given, title, profession, rpps)"
        " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        [(one.id, one.family, one.given, one.title, one.profession, one.rpps) for one in staff.accounts().values()],
    )
    cursor.executemany(
        "INSERT INTO directory_oncall (id, site_id, name, kind, phone) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT DO NOTHING",
        [(one.id, one.site.id, one.name, one.kind, one.phone) for one in staff.on_call()],
    )
    cursor.executemany(
        "INSERT INTO directory_oncallturn (id, on_call_id, professional_id, since, until) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT DO NOTHING",
        [(one.id, one.list_id, one.professional, one.since, one.until) for one in staff.turns(today)],
    )
    cursor.executemany(
        "INSERT INTO directory_responsibility (id, professional_id, kind, site_id, unit_id, since)"
        " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        [
            (one.id, one.professional, one.kind, one.site.id, one.unit.id if one.unit else None, duties.SINCE)
            for one in duties.duties()
        ],
    )


def _accounts(connection: "psycopg.Connection[Any]") -> int:
    """Accounts and what they may be; past professions are written as known at birth: no grant of today made them."""
    cursor = connection.cursor()
    cursor.executemany(
        "SELECT accounts.add_person(%s, %s, %s, %s)",
        [(one.account.id, one.account.username, one.account.name, one.site.id) for one in staff.workers()],
        returning=True,
    )
    added = 0
    while True:
        row = cursor.fetchone()
        added += bool(row and row[0])
        if not cursor.nextset():
            break
    cursor.executemany(
        "SELECT accounts.add_membership(%s, %s, %s, %s)",
        [
            (one.account.id, one.account.profession, unit.id if unit else None, one.since)
            for one in staff.workers()
            for unit in one.account.units or (None,)
        ],
    )
    cursor.execute("SET LOCAL ROLE gatekeeper")
    cursor.execute(
        "UPDATE accounts.membership m SET everywhere = true FROM accounts.account c"
        " WHERE c.id = m.account AND c.username = %s AND m.profession = 'administrator'", [staff.EVERYWHERE],
    )  # fmt: skip
    cursor.executemany(
        "INSERT INTO accounts.membership (account, profession, unit, since, until) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT DO NOTHING",
        [
            (one.account, one.profession, one.unit, one.since, one.until)
            for one in (worker.past for worker in staff.workers())
            if one is not None
        ],
    )
    cursor.execute("SET LOCAL ROLE NONE")
    return added


def make_keys(folder: Path, origin: str, owner: tuple[int, int] | None = None) -> list[SoftKey]:
    """One key an account in the key service's folder, given to its user (uid, gid); those already there are kept."""
    rp_id = urlsplit(origin).hostname
    if rp_id is None:
        raise ValueError("the origin names no host")
    keys = []
    for account in staff.accounts().values():
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


def enrol(home: Home, keys: list[SoftKey]) -> None:
    """Enrol the keys by the keeper's `ops` socket; Refused(not_a_demo) on a base that was not born a demo."""
    keeper = Keeper(home.keeper_socket("ops"))
    try:
        for start in range(0, len(keys), KEYS_AT_ONCE):
            keeper.call(
                "enrol_many",
                keys=[
                    {
                        "account": key.account.bytes,
                        "credential_id": key.credential_id,
                        "public_key": key.cose,
                        "aaguid": key.aaguid.bytes,
                    }
                    for key in keys[start : start + KEYS_AT_ONCE]
                ],
            )
    finally:
        keeper.close()


def listing() -> dict[str, list[dict[str, Any]]]:
    """What `demo/accounts.json` holds; `unit` is the first unit's name, empty for somebody without one."""
    return {
        "accounts": [
            {
                "username": worker.account.username,
                "name": worker.account.name,
                "profession": worker.account.profession,
                "site": worker.site.name,
                "unit": worker.account.units[0].name if worker.account.units else "",
                "units": [str(unit.id) for unit in worker.account.units],
            }
            for worker in staff.workers()
        ]
    }


def write_listing(home: Home) -> Path:
    """Write the list of accounts, whole or not at all, readable by everybody."""
    draft = home.demo_accounts.with_suffix(".new")
    draft.write_text(json.dumps(listing(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    draft.chmod(0o644)
    draft.replace(home.demo_accounts)
    return home.demo_accounts
