"""What the thief runs once his code is executed by the web process: the same user, environment and files.

Run as a program of its own, by its text: reads one JSON object on standard input, prints one. It judges nothing;
whoever started it compares what it found with what it may find.
"""

# ruff: noqa: S608 — tables named in this file

from __future__ import annotations

import contextlib
import ctypes
import http.client
import json
import os
import secrets
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import psycopg

from egide.keeper.client import Keeper, KeeperDown
from egide.kernel.capabilities import Refused
from egide.kernel.home import Home

PTRACE_ATTACH, PTRACE_DETACH = 16, 17
KEEPER_SOCKETS: Final = ("worker", "live", "ops", "auditor", "trail", "finder-ops")
ROLES: Final = ("egide_super", "migrator", "keeper", "worker", "auditor", "live", "owner", "gatekeeper")
TABLES: Final = (
    "identity.token",
    "gate.token",
    "gate.link",
    "gate.words",
    "accounts.key",
    "accounts.session",
    "accounts.act",
    "audit.entry",
)


def readable(home: Home) -> Iterator[str]:
    """Every file of the home, its environment aside, of which a byte can be read."""
    for folder, folders, files in os.walk(home.root):
        if Path(folder) == home.root:
            folders[:] = [one for one in folders if one != "venv"]
        for name in files:
            path = Path(folder, name)
            with contextlib.suppress(OSError), path.open("rb") as file:
                file.read(1)
                yield str(path.relative_to(home.root))


def writable(home: Home) -> Iterator[str]:
    """Every file or folder of the home, code included, that can be changed."""
    for folder, _, files in os.walk(home.root):
        for path in (Path(folder), *(Path(folder, name) for name in files)):
            if os.access(path, os.W_OK) and not path.is_symlink() and not path.is_socket():
                yield str(path.relative_to(home.root))


def processes(pids: dict[str, int]) -> Iterator[str]:
    """What can be seen or done of Égide's other processes."""
    libc: Any = ctypes.CDLL(None, use_errno=True)
    for name, pid in pids.items():
        for part in ("environ", "maps", "mem", "auxv"):
            with contextlib.suppress(OSError), Path(f"/proc/{pid}/{part}").open("rb") as file:
                if part == "mem" or file.read(1):
                    yield f"{name}: {part}"
        for part in ("fd", "root", "cwd"):
            with contextlib.suppress(OSError, StopIteration):
                next(Path(f"/proc/{pid}/{part}").iterdir())
                yield f"{name}: {part}"
        with contextlib.suppress(OSError):
            os.kill(pid, 0)
            yield f"{name}: signal"
        if libc.ptrace(PTRACE_ATTACH, pid, None, None) == 0:
            libc.ptrace(PTRACE_DETACH, pid, None, None)
            yield f"{name}: ptrace"


def powers() -> Iterator[str]:
    """More than this user is."""
    for name, act in (("setuid 0", os.setuid), ("setgid 0", os.setgid)):
        with contextlib.suppress(OSError):
            act(0)
            yield name
    extra = [group for group in os.getgroups() if group != os.getgid()]
    if extra:
        yield f"groupes {extra}"


def other_sockets(home: Home, site: str) -> Iterator[str]:
    """The keeper's sockets of other processes."""
    asked: dict[str, Any] = {"step": "application", "site": UUID(site).bytes, "manifest": "0" * 64, "purpose": "demo"}
    for kind in KEEPER_SOCKETS:
        for verb, arguments in (("health", {}), ("sign_in", asked), ("enrol", _key())):
            if said(Keeper(home.keeper_socket(kind)), verb, arguments) != "closed":
                yield f"{kind}: {verb}"


def _key() -> dict[str, Any]:
    return {
        "account": uuid4().bytes,
        "credential_id": secrets.token_bytes(32),
        "public_key": b"\xa0",
        "aaguid": bytes(16),
    }


def said(keeper: Keeper, verb: str, arguments: dict[str, Any]) -> str:
    """`ok`, the keeper's code, or `closed`."""
    try:
        keeper.call(verb, **arguments)
    except Refused as refusal:
        return refusal.code
    except (KeeperDown, OSError):
        return "closed"
    return "ok"


def database(home: Home) -> Iterator[str]:
    """Other roles with what lies here, and the tables that hold rights, keys, tokens."""
    own = home.pgpass("web")
    for role in ROLES:
        for password in ("", own.read_text(encoding="utf-8").strip().rsplit(":", 1)[-1]):
            with (
                contextlib.suppress(psycopg.Error),
                psycopg.connect(host=str(home.socket_dir), dbname="egide", user=role, password=password),
            ):
                yield f"rôle {role}"
    with psycopg.connect(
        host=str(home.socket_dir), dbname="egide", user="web", passfile=str(own), autocommit=True
    ) as link:
        for table in TABLES:
            with contextlib.suppress(psycopg.Error):
                link.execute(f"SELECT 1 FROM {table} LIMIT 1".encode())
                yield f"table {table}"


def own_socket(home: Home, given: dict[str, Any]) -> dict[str, Any]:
    """What the web's own socket gives: with a live cookie that passed by, with none, with forged ones."""
    keeper = Keeper(home.keeper_socket("web"))
    cookie = given["cookie"]
    opened: set[str] = set()
    codes: dict[str, str] = {}

    def opens(name: str, **arguments: Any) -> None:
        arguments = {"purpose": "care", "read": ["identity"], "write": [], "counted": False} | arguments
        try:
            answer = keeper.call("open", **arguments)
            opened.update(str(UUID(bytes=one)) for one in answer["ids"])
            codes[name] = "ok"
        except Refused as refusal:
            codes[name] = refusal.code
        except KeeperDown:
            codes[name] = "closed"

    opens("témoin", cookie=cookie, ids=[UUID(given["own"][0]).bytes])
    for place, patient in enumerate(given["foreign"]):
        opens(f"étranger {place}", cookie=cookie, ids=[UUID(patient).bytes])
    opens("tous à la fois", cookie=cookie, ids=[UUID(one).bytes for one in (*given["own"], *given["foreign"])])
    opens("autre unité", cookie=cookie, list="unit", list_id=UUID(given["other_unit"]).bytes, purpose="unit_list")
    forged = _forged(UUID(given["other_session"]), UUID(given["other_account"]))
    for name, bad in (("sans cookie", ""), ("cookie inventé", forged), ("cookie tronqué", cookie[:-2])):
        opens(name, cookie=bad, ids=[UUID(given["foreign"][0]).bytes])
        opens(f"{name}, unité", cookie=bad, list="unit", list_id=UUID(given["other_unit"]).bytes, purpose="unit_list")
    for verb, arguments in _verbs(given, cookie).items():
        codes[verb] = said(keeper, verb.split(" ")[0], arguments)
    return {"opened": sorted(opened), "codes": codes}


def _verbs(given: dict[str, Any], cookie: str) -> dict[str, dict[str, Any]]:
    """Verbs of others, and of the web's own on what is somebody else's."""
    patient = UUID(given["foreign"][0]).bytes
    return {
        "enrol": _key(),
        "open_new": {"cookie": cookie, "subjects": [{"src": [["x", "y"]]}], "purpose": "x", "read": ["identity"],
                     "write": []},
        "resume": {"cookie": cookie, "opening": given["other_opening"]},
        "revoke": {"cookie": cookie, "session": UUID(given["other_session"]).bytes},
        "spread": {"cookie": cookie, "opening": given["other_opening"], "patient": patient, "traits": {}},
        "words": {"cookie": cookie, "entry": 1},
        "approve finish": {"cookie": cookie, "step": "finish", "act": uuid4().bytes, "response": {}, "words": ""},
        "sign_in application": {"step": "application", "site": UUID(given["site"]).bytes, "manifest": "0" * 64,
                                "purpose": "demo"},
        "sign_in finish": {"step": "finish", "challenge_id": "x", "response": {"rawId": "eA"},
                           "device": "x", "device_key": b"x"},
    }  # fmt: skip


def _forged(session: UUID, account: UUID) -> str:
    import base64

    raw = session.bytes + account.bytes + secrets.token_bytes(32)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def demo_keys(port: int, usernames: list[str]) -> list[str]:
    """Accounts for which the demo's key service signs when the web process asks."""
    signed = []
    options = {"challenge": secrets.token_urlsafe(32), "rpId": "localhost", "userVerification": "required"}
    for username in usernames:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            body = json.dumps({"username": username, "options": options})
            connection.request("POST", "/assertion", body, {"Content-Type": "application/json"})
            if connection.getresponse().status == http.client.OK:
                signed.append(username)
        except (OSError, http.client.HTTPException):
            continue
        finally:
            connection.close()
    return signed


def tried(work: Callable[[], Any]) -> Any:
    """What a part found; the kind of fault when it could not be tried: never silence."""
    try:
        found = work()
        return list(found) if isinstance(found, Iterator) else found
    except Exception as fault:  # noqa: BLE001 — said to whoever judges
        return {"fault": f"{type(fault).__name__}: {fault}"}


def sweep(home: Home, given: dict[str, Any]) -> dict[str, Any]:
    """Three letters and a birth date of one person after the other, by the live cookie, straight to the finder."""
    finder = Keeper(home.keeper_socket("finder"))
    discovered: set[str] = set()
    codes: list[str] = []
    for name, born in given["sweep"]:
        try:
            answer = finder.call("search", cookie=given["cookie"], typed={"name": name, "birth_date": born})
            discovered |= {
                str(UUID(bytes=one["id"])) for one in answer["rows"] if not one["linked"] and not one["confirmed"]
            }
            codes.append(str(answer["code"]))
        except Refused as refusal:
            codes.append(refusal.code)
    return {"discovered": sorted(discovered), "codes": codes}


def main() -> None:
    """Try everything; say what came of it."""
    given = json.load(sys.stdin)
    home = Home(Path(given["home"]))
    if "sweep" in given:
        json.dump({"sweep": tried(lambda: sweep(home, given))}, sys.stdout)
        return
    found = {
        "uid": os.geteuid(),
        "readable": tried(lambda: readable(home)),
        "writable": tried(lambda: writable(home)),
        "processes": tried(lambda: processes(given["pids"])),
        "other_sockets": tried(lambda: other_sockets(home, given["site"])),
        "database": tried(lambda: database(home)),
        "own_socket": tried(lambda: own_socket(home, given)),
        "demo_keys": tried(lambda: demo_keys(given["keys_port"], given["usernames"])),
        "powers": tried(powers),
    }
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
