"""`egide run`: brings the whole house up in order, watches its processes, and stops them in the reverse order."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import FrameType
from typing import IO, Final
from urllib.parse import urlsplit

from egide.cli import birth, granian, keys, migrations, premises, run_lock, server
from egide.cli.cluster import Cluster
from egide.cli.demo_group import ASKED, DEMO_PATIENTS, DEMO_SEED, people_of
from egide.cli.halt import Halt
from egide.cli.processes import Watched, check_interpreter, end_strays, last_line, rotate_logs, run, start
from egide.cli.users import ensure_folder, user_of
from egide.kernel.home import Base, Home
from egide.kernel.prosante import ProSante

PSC_SETTINGS: Final = ("EGIDE_PSC_ISSUER", "EGIDE_PSC_CLIENT_ID", "EGIDE_PSC_DISCOVERY", "EGIDE_PSC_PROXY")
LIVE_PORT: Final = 2  # after the web's: the next one is the demo keys'


class Stopped(BaseException):
    """A signal asks for the end; not an Exception, so that no step takes it for a failure of its own."""


class Supervisor:
    """One run of one home, from the lock to the last process stopped."""

    def __init__(
        self, home: Home, port: int, *, demo: bool | None = None, durable: bool = True, patients: int | None = None
    ) -> None:
        """`demo`: what the base must be; None takes what it is, a demo for a base not born yet. `patients`: how many
        people a demo that holds nobody yet is given; None: what an earlier start was asked, or 300.

        `durable=False` is for tests, which lose nothing by a crash of the machine.
        """
        self.home = home
        self.port = port
        self.demo = demo
        self.patients = patients
        self.cluster = Cluster(home, durable=durable)
        self.watched: list[Watched] = []
        self.origin = os.environ.get("EGIDE_ORIGIN", "").rstrip("/") or f"http://localhost:{port}"
        self.began = time.monotonic()
        self.stopping = False

    # ── the whole ───────────────────────────────────────────────────────────────────────────────────────────────────

    def run(self, then: str | None = None) -> int:
        """Starts, then watches until a signal, or until the command `then` ends; returns the exit code."""
        signal.signal(signal.SIGINT, self._on_signal)
        signal.signal(signal.SIGTERM, self._on_signal)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup wants it to outlive the terminal
            signal.signal(signal.SIGHUP, self._on_signal)
        os.umask(0o022)
        premises.prepare(self.home)
        with run_lock.held(self.home):
            try:
                self._start_all()
                return self._watch(then)
            except Stopped:
                return 0
            finally:
                self.stopping = True
                print("\nArrêt…", flush=True)
                self.stop_all()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if not self.stopping:
            self.stopping = True
            raise Stopped

    # ── start ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _start_all(self) -> None:
        print(f"Égide démarre dans {self.home.root}", flush=True)
        check_interpreter(self.home)
        if count := end_strays(self.home):
            self._note(f"{count} processus d'un arrêt brutal terminés")
        premises.check_ports(self.port, self.port + LIVE_PORT)
        self._step("PostgreSQL", self.start_postgres)
        self._step("structure de la base", self.migrate)
        self._step("gardien", self.start_keeper)
        base = self.home.base()
        if base is None:
            raise Halt(f"{self.home.base_json} manque : restaurez-le depuis la sauvegarde.")
        if base.demo:
            self._refuse_public_demo()
            self._step("personnes de démonstration", self._load_demo)
            self._step("clés de démonstration", self._start_demo_keys)
        self._step("canal direct", self._start_live)
        if self._prosante() is not None:
            self._step("Pro Santé Connect", self._start_psc)
        self._step("serveur web", self._start_web)
        self._welcome(base)

    def _step(self, title: str, action: Callable[[], None]) -> None:
        began = time.monotonic()
        action()
        print(f"  {title:<30} {time.monotonic() - began:6.1f} s", flush=True)

    def start_postgres(self) -> None:
        """The cluster, made when missing, running and with its roles; a server by URL has only to be reached."""
        if self.home.server() is not None:
            server.reach(self.home)
            return
        self.cluster.ensure()
        self.cluster.start()
        watched = Watched("postgres", self.cluster.spawn, signal.SIGINT, 60)
        watched.adopt(self.cluster.process)
        self.watched.append(watched)
        self.cluster.create_roles()

    def migrate(self) -> None:
        """Brings the structure up to date, after the refusals that must come before any change."""
        applied = migrations.in_base(self.cluster)
        migrations.refuse_newer(applied)
        birth.refuse_lost_keys(self.home, self.cluster, applied)
        if applied != migrations.in_code():
            run(self.home, "migrate", migrations.MIGRATE)

    def start_keeper(self) -> None:
        """The keeper, born when it has no keys, and answering: the door, then the finder."""
        command = [sys.executable, "-m", "egide.keeper", "--home", str(self.home.root)]
        if not self.home.keeper_birth.exists():
            birth.set_aside_unfinished_keys(self.home)
            demo = ["--demo"] if self.demo is not False else []
            run(self.home, "keeper", [*command, "--init", *demo])
        birth.publish(self.home)
        base = self.home.base()
        if self.demo is not None and base is not None and base.demo != self.demo:
            raise Halt(
                f"La base de {self.home.root} {'est' if base.demo else 'n’est pas'} une démonstration, et cela ne "
                "change jamais : donnez un autre dossier à EGIDE_HOME."
            )
        self._watch_over("keeper", command)
        self._await("keeper", lambda: self._listens("ops"))
        self._watch_over("finder", [sys.executable, "-m", "egide.keeper.finding", "--home", str(self.home.root)])
        self._await("finder", lambda: self._listens("finder"))
        self._unlock_keeper()

    def _unlock_keeper(self) -> None:
        """Where the keys are under a passphrase: asked here when somebody is at the terminal, else later."""
        if not keys.ask_keeper(self.home, "health").get("locked"):
            return
        if not sys.stdin.isatty():
            self._note("le gardien attend sa phrase : lancez « egide unlock »")
            return
        for _ in range(3):
            try:
                print(f"  {keys.unlock(self.home)}", flush=True)
            except Halt as refused:
                print(f"  {refused.sentence}", flush=True)
            else:
                return
        self._note("le gardien reste verrouillé : lancez « egide unlock »")

    def _refuse_public_demo(self) -> None:
        """A demo's keys lie on the disk: it is for this machine's browser only."""
        if urlsplit(self.origin).hostname not in ("localhost", "127.0.0.1", "::1"):
            raise Halt(
                f"Une base de démonstration ne s'ouvre que sur cette machine, pas sur {self.origin} : "
                "ôtez EGIDE_ORIGIN, ou faites naître une base réelle dans un autre EGIDE_HOME."
            )

    def _load_demo(self) -> None:
        """Loads the demo's people once; a load that was cut short is run again, and adds only what lacks."""
        done, asked = self.home.root / "demo-loaded", self.home.root / ASKED
        _, before = people_of(self.home) or (DEMO_SEED, None)
        if (before is not None or done.exists()) and self.patients not in (None, before or DEMO_PATIENTS):
            raise Halt(
                f"La base de {self.home.root} a été demandée pour {before or DEMO_PATIENTS} personnes : relancez sans "
                "--patients, ou donnez un autre dossier à EGIDE_HOME."
            )
        if asked.exists():
            asked.chmod(0o600)  # a base of an earlier version let everybody read it
        if done.exists():
            return
        patients = self.patients or before or DEMO_PATIENTS
        asked.write_text(str(patients), encoding="ascii")
        asked.chmod(0o600)
        command = [sys.executable, "-m", "egide.cli", "demo", "load"]
        command += ["--patients", str(patients), "--seed", str(DEMO_SEED)]
        # a long one shows its bar; Ctrl-C ends it, and the next start goes on
        run(self.home, "demo-load", command, extra=self._addresses(), shown=patients > 10 * DEMO_PATIENTS)
        done.touch()

    def _start_demo_keys(self) -> None:
        command = [sys.executable, "-m", "egide.rehearsal.demo_keys", "--home", str(self.home.root)]
        self._watch_over("demo-keys", [*command, "--port", str(self.port + 1)])

    def _start_live(self) -> None:
        command = [sys.executable, "-m", "granian", "--interface", "asgi", "--host", "127.0.0.1"]
        command += ["--port", str(self.port + LIVE_PORT), *granian.logged(self.home)]
        command += ["--workers", "1", "--no-ws", "egide.live.asgi:application"]
        self._watch_over("live", command)
        self._await("live", lambda: self._answers(self.port + LIVE_PORT))

    def _prosante(self) -> ProSante | None:
        """What is configured of Pro Santé Connect; a Halt for an address without TLS."""
        try:
            return ProSante.from_environment()
        except ValueError:
            raise Halt("EGIDE_PSC_ISSUER et EGIDE_PSC_DISCOVERY doivent commencer par https://.") from None

    def _start_psc(self) -> None:
        """The relay, with our client's key or secret: handed to its account, readable by no other."""
        user = user_of("psc")
        ensure_folder(self.home.psc_run, user, 0o755)
        ensure_folder(self.home.psc_secrets, user, 0o700)
        given = [path for path in (self.home.psc_key, self.home.psc_secret) if path.exists()]
        if not given:
            raise Halt(
                f"Pro Santé Connect est configuré sans secret : déposez {self.home.psc_key} (clé privée) "
                f"ou {self.home.psc_secret}."
            )
        for path in given:
            path.chmod(0o600)
            if user is not None:
                os.chown(path, user.uid, user.gid, follow_symlinks=False)
        self._watch_over("psc", [sys.executable, "-m", "egide.psc", "--home", str(self.home.root)])
        self._await("psc", self.home.psc_socket.exists)

    def _start_web(self) -> None:
        command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"]
        command += ["--port", str(self.port), *granian.logged(self.home)]
        command += [
            "--blocking-threads",
            "4",
            "--workers",
            "2",
            "--respawn-failed-workers",
            "egide.config.wsgi:application",
        ]
        self._watch_over("web", command, {"EGIDE_ROLE": "web", "DJANGO_SETTINGS_MODULE": "egide.config.settings"})
        self._await("web", lambda: self._answers(self.port))

    def _addresses(self) -> dict[str, str]:
        variables = {"EGIDE_PORT": str(self.port), "EGIDE_ORIGIN": self.origin}
        if live := os.environ.get("EGIDE_LIVE_URL"):
            variables["EGIDE_LIVE_URL"] = live
        variables |= {name: os.environ[name] for name in PSC_SETTINGS if name in os.environ}
        base = self.home.base()
        if base is not None and base.demo:
            variables["EGIDE_DEMO_KEYS_URL"] = f"http://localhost:{self.port + 1}"
        return variables

    def _watch_over(self, name: str, command: list[str], extra: dict[str, str] | None = None) -> None:
        variables = self._addresses() | (extra or {})
        watched = Watched(name, lambda: start(self.home, name, command, extra=variables))
        watched.start()
        self.watched.append(watched)

    def _await(self, name: str, ready: Callable[[], bool]) -> None:
        """Waits until a process answers; if it dies first, a Halt repeats its last words."""
        watched = next(w for w in self.watched if w.name == name)
        deadline = time.monotonic() + 120
        while not ready():
            if watched.child is None or watched.child.poll() is not None:
                log = self.home.log_file(name)
                raise Halt(f"Le processus « {name} » ne démarre pas ({last_line(log)}) : le détail est dans {log}.")
            if time.monotonic() > deadline:
                raise Halt(f"Le processus « {name} » ne répond pas : le détail est dans {self.home.log_file(name)}.")
            time.sleep(0.05)

    def _listens(self, kind: str) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(str(self.home.keeper_socket(kind)))
            except OSError:
                return False
        return True

    def _answers(self, port: int) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", "/sante/", headers={"Host": urlsplit(self.origin).netloc})
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _welcome(self, base: Base) -> None:
        print(f"Égide est ouverte : {self.origin}   ({time.monotonic() - self.began:.1f} s)")
        if base.demo:
            print("Base de démonstration : sur la page, choisissez un compte sous « se connecter en tant que ».")
            for account in self._demo_accounts()[:4]:
                print(f"  {account.get('username', ''):<24} {account.get('name', '')}, {account.get('profession', '')}")
            print(f"  tous les comptes : {self.home.demo_accounts}")
        else:
            print("Connectez-vous avec votre clé de sécurité.")
        print("Ctrl-C arrête tout.", flush=True)

    def _demo_accounts(self) -> list[dict[str, str]]:
        try:
            return list(json.loads(self.home.demo_accounts.read_text(encoding="utf-8"))["accounts"])
        except (OSError, ValueError, KeyError):
            return []

    # ── watch and stop ──────────────────────────────────────────────────────────────────────────────────────────────

    def _watch(self, then: str | None) -> int:
        guest = subprocess.Popen(shlex.split(then)) if then else None
        look_at_disk = time.monotonic()
        while True:
            if time.monotonic() >= look_at_disk:
                look_at_disk = time.monotonic() + 60
                rotate_logs(self.home)
                if shutil.disk_usage(self.home.root).free < premises.ROOM_NEEDED:
                    self._note("disque presque plein : libérez de la place, sinon plus rien ne s'enregistre")
            for watched in self.watched:
                if (code := watched.has_died()) is not None:
                    self._note(f"{watched.name} s'est arrêté ({_how(code)}), relance")
                if watched.due():
                    self._restart(watched)
            if guest is not None and (result := guest.poll()) is not None:
                return result
            time.sleep(0.1)

    def _restart(self, watched: Watched) -> None:
        try:
            watched.start()
        except OSError as error:
            watched.postpone()
            self._note(f"{watched.name} n'a pas pu être relancé ({error.strerror}), nouvel essai bientôt")

    def stop_all(self) -> None:
        """Stops every process, the last started first; PostgreSQL's fast shutdown leaves everything on disk."""
        for watched in reversed(self.watched):
            watched.stop()
        self.cluster.stop()

    def _note(self, event: str) -> None:
        """One line on the screen and in log/egide.log."""
        print(f"  {event}", flush=True)
        with contextlib.suppress(OSError):
            log: IO[str]
            with self.home.log_file("egide").open("a", encoding="utf-8") as log:
                log.write(f"{datetime.now(UTC).isoformat(timespec='seconds')} {event}\n")


def _how(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"code {code}"
