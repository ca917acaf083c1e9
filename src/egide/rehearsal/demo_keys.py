"""The demo's key service: a process that holds the software keys and answers challenges for them, on loopback only.

`python -m egide.rehearsal.demo_keys --home H --port P`. No key leaves it. Where each process has its own system user, a
request that comes from another process of Égide (the web's above all) is refused: code execution in the web process can
neither read a key nor use one from there. It can still lead a person's browser here, as any web server can.
"""

import argparse
import json
import os
import pwd
import re
import socket
import sys
import threading
from collections.abc import Iterable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from egide.kernel.birth import own_signature
from egide.kernel.home import Home
from egide.rehearsal.softkey import SoftKey, WrongSite

MAX_BODY = 8 * 1024
TIMEOUT_SECONDS = 5
PROCESS_USERS = ("egide-pg", "egide-keeper", "egide-web", "egide-worker", "egide-live", "egide-audit")
_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_TCP_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))


class NotADemo(Exception):
    """This base was not born as a demo, or its birth certificate lacks: the message says what to do."""


def refuse_unless_demo(home: Home) -> None:
    """Raises NotADemo unless base.json says that the base was born a demo, with the keeper's signature."""
    try:
        base = home.base()
    except (OSError, ValueError, KeyError) as error:
        raise NotADemo(f"{home.base_json} est illisible : restaurez-le depuis la sauvegarde.") from error
    if base is None or not base.signature:
        raise NotADemo(f"{home.base_json} manque ou n'est pas signé : lancez Égide (« make run »), ou restaurez-le.")
    if not own_signature(json.loads(home.base_json.read_bytes())):
        raise NotADemo(f"{home.base_json} a été modifié (signature fausse) : restaurez-le depuis la sauvegarde.")
    if not base.demo:
        raise NotADemo("Cette base n'est pas une démonstration : elle n'a pas de clés logicielles.")


class Keys:
    """The keys of a folder, read again when a name is not known (a key may be made while the service runs)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, SoftKey] = {}
        self._lock = threading.Lock()

    def get(self, username: str) -> SoftKey | None:
        """The key of one account, or None."""
        if not _USERNAME.fullmatch(username):
            return None
        with self._lock:
            if username not in self._known:
                path = self._folder / f"{username}.json"
                if not path.is_file():
                    return None
                self._known[username] = SoftKey.load(path)
            return self._known[username]

    def make(self, username: str, options: dict[str, Any], origin: str) -> dict[str, Any] | None:
        """A new key of one account, in the place of her former one: its answer to creation options, or None."""
        if not _USERNAME.fullmatch(username):
            return None
        key, answer = SoftKey.register(username, options, origin)
        with self._lock:
            path = self._folder / f"{username}.json"
            if path.exists():
                path.replace(self._folder / f"{username}.former")
            key.save(self._folder)
            self._known[username] = key
        return answer

    def names(self) -> list[str]:
        """Accounts that have a key."""
        return sorted(path.stem for path in self._folder.glob("*.json"))


def owner_of_peer(client: tuple[str, int], server: tuple[str, int], tables: Iterable[Path] = _TCP_TABLES) -> int | None:
    """The user id at the other end of a loopback connection (column uid of /proc/net/tcp); None when not found."""
    wanted = {(_hexadecimal(client), _hexadecimal(server)), (_mapped(client), _mapped(server))}
    for table in tables:
        try:
            lines = table.read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if (fields[1], fields[2]) in wanted:
                return int(fields[7])
    return None


def _hexadecimal(address: tuple[str, int]) -> str:
    word = int.from_bytes(socket.inet_aton(address[0]), sys.byteorder)
    return f"{word:08X}:{address[1]:04X}"


def _mapped(address: tuple[str, int]) -> str:
    """The same IPv4 address as an IPv6 socket shows it (::ffff:a.b.c.d), in the kernel's four words."""
    prefix = "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in (bytes(4), bytes(4), b"\x00\x00\xff\xff"))
    return prefix + _hexadecimal(address)


def refused_users() -> frozenset[int]:
    """User ids of Égide's other processes; empty where all share one account (doctor says it is no wall)."""
    found = set()
    for name in PROCESS_USERS:
        try:
            found.add(pwd.getpwnam(name).pw_uid)
        except KeyError:
            continue
    return frozenset(found - {os.geteuid()}) if os.geteuid() not in found else frozenset()


class Service(ThreadingHTTPServer):
    """The listening service: loopback, one origin, a small number of requests at a time."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, home: Home, port: int, origin: str, refused: frozenset[int]) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.origin = origin
        self.keys = Keys(home.demo_keys)
        self.accounts_file = home.demo_accounts
        self.refused = refused
        self.hosts = {f"{name}:{self.server_address[1]}" for name in ("localhost", "127.0.0.1")}
        self._slots = threading.BoundedSemaphore(32)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """One request, if fewer than 32 are under way."""
        if not self._slots.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._slots.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 — the parent's arguments
        """A broken connection is no news; anything else is named without its message."""
        error = sys.exception()
        if not isinstance(error, OSError):
            sys.stderr.write(f"demo-keys: {type(error).__name__}\n")


class Handler(BaseHTTPRequestHandler):
    """Three routes: GET /accounts, POST /assertion and POST /registration. Everything else is refused."""

    server: Service
    timeout = TIMEOUT_SECONDS
    server_version = "egide-demo-keys"
    sys_version = ""
    protocol_version = "HTTP/1.1"

    def do_OPTIONS(self) -> None:
        """Preflight: our own pages may post JSON here."""
        if self._admitted():
            self._answer(HTTPStatus.NO_CONTENT, None)

    def do_GET(self) -> None:
        """Accounts that have a key."""
        if not self._admitted():
            return
        if self.path != "/accounts":
            self._refuse(HTTPStatus.NOT_FOUND, "unknown_path")
            return
        names = set(self.server.keys.names())
        try:
            listed = json.loads(self.server.accounts_file.read_text(encoding="utf-8"))["accounts"]
        except (OSError, ValueError, KeyError):
            listed = []
        self._answer(HTTPStatus.OK, {"accounts": [account for account in listed if account.get("username") in names]})

    def do_POST(self) -> None:
        """One challenge answered with one account's key, or a new key made for it."""
        if not self._admitted():
            return
        if self.path not in ("/assertion", "/registration"):
            self._refuse(HTTPStatus.NOT_FOUND, "unknown_path")
            return
        body = self._body()
        if body is None:
            return
        username, options = body.get("username"), body.get("options")
        if self.path == "/registration":
            self._make(username, options)
            return
        key = self.server.keys.get(username) if isinstance(username, str) else None
        if key is None:
            self._refuse(HTTPStatus.NOT_FOUND, "unknown_account")
            return
        if not isinstance(options, dict):
            self._refuse(HTTPStatus.BAD_REQUEST, "bad_request")
            return
        try:
            self._answer(HTTPStatus.OK, key.assertion(options, self.server.origin))
        except WrongSite:
            self._refuse(HTTPStatus.FORBIDDEN, "wrong_site")
        except ValueError:
            self._refuse(HTTPStatus.BAD_REQUEST, "bad_request")

    def _make(self, username: object, options: object) -> None:
        try:
            made = None
            if isinstance(username, str) and isinstance(options, dict):
                made = self.server.keys.make(username, options, self.server.origin)
        except ValueError:
            made = None
        if made is None:
            self._refuse(HTTPStatus.BAD_REQUEST, "bad_request")
        else:
            self._answer(HTTPStatus.OK, made)

    def _admitted(self) -> bool:
        """Ours by name, by origin and by who is at the other end."""
        origin = self.headers.get("Origin")
        if self.headers.get("Host") not in self.server.hosts or (origin is not None and origin != self.server.origin):
            self._refuse(HTTPStatus.FORBIDDEN, "wrong_origin")
            return False
        if self.server.refused:
            owner = owner_of_peer(self.client_address[:2], self.connection.getsockname()[:2])
            if owner is None or owner in self.server.refused:
                self._refuse(HTTPStatus.FORBIDDEN, "wrong_process")
                return False
        return True

    def _body(self) -> dict[str, Any] | None:
        if self.headers.get_content_type() != "application/json" or self.headers.get("Transfer-Encoding"):
            self._refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "not_json")
            return None
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit() or int(length) > MAX_BODY:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large")
            return None
        try:
            body = json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            self._refuse(HTTPStatus.BAD_REQUEST, "not_json")
            return None
        return body

    def _refuse(self, status: HTTPStatus, code: str) -> None:
        self.close_connection = True  # an unread body must not be taken for the next request
        self._answer(status, {"error": code})

    def _answer(self, status: HTTPStatus, content: dict[str, Any] | None) -> None:
        body = b"" if content is None else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Access-Control-Allow-Origin", self.server.origin)
        self.send_header("Access-Control-Allow-Methods", "GET, POST")
        self.send_header("Access-Control-Allow-Headers", "Content-Type")
        self.send_header("Access-Control-Allow-Private-Network", "true")
        self.send_header("Vary", "Origin")
        self.send_header("Cache-Control", "no-store")
        if content is not None:
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 — the parent's name
        """Nothing is logged: a request says who signs in."""


def main() -> int:
    """Serve until stopped; exit code 2 when the base is no demo, 1 when the port is taken."""
    parser = argparse.ArgumentParser(prog="egide.rehearsal.demo_keys")
    parser.add_argument("--home", required=True, type=Path)
    parser.add_argument("--port", required=True, type=int)
    arguments = parser.parse_args()
    home = Home(arguments.home.absolute())
    origin = os.environ.get("EGIDE_ORIGIN", f"http://localhost:{os.environ.get('EGIDE_PORT', '8400')}")
    if urlsplit(origin).hostname is None:
        print("EGIDE_ORIGIN n'est pas une adresse : donnez par exemple http://localhost:8400.", file=sys.stderr)
        return 2
    try:
        refuse_unless_demo(home)
        service = Service(home, arguments.port, origin, refused_users())
    except NotADemo as refusal:
        print(refusal, file=sys.stderr)
        return 2
    except OSError as error:
        print(
            f"Le port {arguments.port} ne s'ouvre pas ({error.strerror}) : libérez-le, puis relancez.", file=sys.stderr
        )
        return 1
    with service:
        try:
            service.serve_forever()
        except KeyboardInterrupt:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
