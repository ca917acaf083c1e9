"""Where one installation keeps its state: the folders under EGIDE_HOME, by name. Paths only, nothing is made here."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

ROOT_DEFAULT: Final = Path("/var/lib/egide")
DATABASE: Final = "egide"
SUPERUSER: Final = "egide_super"
PG_PORT: Final = 5432  # names the socket file only: the embedded server never listens on TCP

# PostgreSQL roles that sign in, each with its own secret in its own folder; the first two belong to the operator.
SECRET_ROLES: Final = ("super", "migrator", "keeper", "web", "worker", "live", "auditor")
# What database.json may say of a server reached by URL: where it is and how it proves itself. Never a secret.
SERVER_PARAMETERS: Final = (
    "host", "hostaddr", "port", "dbname", "sslmode", "sslrootcert", "sslnegotiation", "channel_binding",
    "target_session_attrs", "connect_timeout",
)  # fmt: skip
# The keeper is two programs: the door (sign in, open, resume) and the finder, which tells it of its rows (`trail`).
DOOR_SOCKETS: Final = ("web", "worker", "live", "ops", "auditor", "trail")
FINDER_SOCKETS: Final = ("finder", "finder-ops")
KEEPER_SOCKETS: Final = (*DOOR_SOCKETS, *FINDER_SOCKETS)

# A unix socket's path holds 107 bytes on Linux; PostgreSQL and the keeper need some of them for the file's name.
_LONGEST_SOCKET = 100


@dataclass(frozen=True)
class Base:
    """What is public about a base: its identity and its birth, signed by the keeper's checkpoint key."""

    base_id: str
    demo: bool
    born: datetime
    signature: str


@dataclass(frozen=True)
class Home:
    """The folders of one installation. `root` is absolute."""

    root: Path

    @classmethod
    def from_environment(cls) -> Home:
        """EGIDE_HOME; else /var/lib/egide as root, `.egide/` of the current folder otherwise."""
        named = os.environ.get("EGIDE_HOME", "").strip()
        if named:
            return cls(Path(named).expanduser().absolute())
        return cls(ROOT_DEFAULT if os.geteuid() == 0 else Path.cwd() / ".egide")

    @property
    def venv(self) -> Path:
        return self.root / "venv"

    @property
    def base_json(self) -> Path:
        return self.root / "base.json"

    @property
    def pg(self) -> Path:
        return self.root / "pg"

    @property
    def conf(self) -> Path:
        """PostgreSQL's own settings, written by the operator at each start, outside the server's reach."""
        return self.root / "conf"

    @property
    def run(self) -> Path:
        """Sockets. A short folder under /tmp when the home's own path is too long for a socket."""
        own = self.root / "run"
        longest = max(
            len(os.fsencode(own / "pg" / f".s.PGSQL.{PG_PORT}")),
            *(len(os.fsencode(own / "keeper" / f"{kind}.sock")) for kind in KEEPER_SOCKETS),
        )
        if longest <= _LONGEST_SOCKET:
            return own
        return Path("/tmp") / f"egide-{hashlib.sha256(os.fsencode(self.root)).hexdigest()[:16]}"  # noqa: S108 — its owner is checked when it is made

    @property
    def socket_dir(self) -> Path:
        """PostgreSQL's socket folder: the `host` of every connection."""
        return self.run / "pg"

    @property
    def keeper_run(self) -> Path:
        return self.run / "keeper"

    def keeper_socket(self, kind: str) -> Path:
        """The keeper's socket for one kind of process, or for its finder."""
        if kind not in KEEPER_SOCKETS:
            raise ValueError(f"no keeper socket is called {kind}")
        return self.keeper_run / f"{kind}.sock"

    @property
    def secrets(self) -> Path:
        return self.root / "secrets"

    def pgpass(self, role: str) -> Path:
        """The libpq passfile of one role (`super` stands for the superuser)."""
        if role not in SECRET_ROLES:
            raise ValueError(f"no secret is kept for {role}")
        return self.secrets / role / "pgpass"

    @property
    def server_json(self) -> Path:
        """Where the server reached by URL is; absent where PostgreSQL is the embedded one."""
        return self.root / "database.json"

    def server(self) -> dict[str, str] | None:
        """libpq parameters of the server that `egide setup database` prepared; None: the embedded one."""
        try:
            fields = json.loads(self.server_json.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return {name: str(fields[name]) for name in SERVER_PARAMETERS if name in fields}

    def connection(self, role: str) -> dict[str, str]:
        """libpq parameters of one role (`super`: the embedded server's superuser); its secret stays in its passfile."""
        place = self.server() or {"host": str(self.socket_dir), "port": str(PG_PORT), "dbname": DATABASE}
        user = SUPERUSER if role == "super" else role
        return place | {"user": user, "passfile": str(self.pgpass(role))}

    @property
    def keeper(self) -> Path:
        return self.root / "keeper"

    @property
    def keeper_masters(self) -> Path:
        return self.keeper / "masters"

    @property
    def keeper_state(self) -> Path:
        return self.keeper / "state"

    @property
    def keeper_trail(self) -> Path:
        return self.keeper / "trail"

    @property
    def keeper_birth(self) -> Path:
        return self.keeper / "birth.json"

    @property
    def psc_run(self) -> Path:
        """What the relay of Pro Santé Connect writes: its socket, the provider's addresses and public keys."""
        return self.run / "psc"

    @property
    def psc_socket(self) -> Path:
        return self.psc_run / "web.sock"

    @property
    def psc_jwks(self) -> Path:
        return self.psc_run / "jwks.json"

    @property
    def psc_provider(self) -> Path:
        return self.psc_run / "provider.json"

    @property
    def psc_secrets(self) -> Path:
        """Our client's key (`client.pem`) or secret (`client.secret`), put there by the operator."""
        return self.secrets / "psc"

    @property
    def psc_key(self) -> Path:
        return self.psc_secrets / "client.pem"

    @property
    def psc_secret(self) -> Path:
        return self.psc_secrets / "client.secret"

    @property
    def demo(self) -> Path:
        return self.root / "demo"

    @property
    def demo_accounts(self) -> Path:
        return self.demo / "accounts.json"

    @property
    def demo_keys(self) -> Path:
        return self.root / "demo-keys"

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def postgres_log(self) -> Path:
        """What the embedded PostgreSQL says, in a folder of its account."""
        return self.log / "postgres" / "postgres.json"

    def log_file(self, process: str) -> Path:
        return self.log / f"{process}.log"

    def base(self) -> Base | None:
        """What base.json says, or None before the base is born."""
        try:
            fields = json.loads(self.base_json.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return Base(
            fields["base_id"], bool(fields["demo"]), datetime.fromisoformat(fields["born"]), fields["signature"]
        )
