"""What must be there before anything starts: folders with their owners, room on the disk, free ports."""

import os
import shutil
import socket
from typing import Final

from egide.cli.halt import Halt
from egide.cli.users import ensure_accounts, ensure_folder, user_of
from egide.kernel.home import Home

ROOM_NEEDED: Final = 300 * 1024 * 1024  # bytes free before a start: PostgreSQL's log of changes, and some time to react


def prepare(home: Home) -> None:
    """Accounts and folders. Nothing outside the home is changed but the list of system accounts."""
    try:
        home.root.mkdir(mode=0o755, parents=True, exist_ok=True)
    except OSError as error:
        raise Halt(f"{home.root} ne peut être créé ({error.strerror}) : donnez un autre EGIDE_HOME.") from None
    if not os.access(home.root, os.W_OK | os.X_OK):
        raise Halt(f"{home.root} n'est pas accessible en écriture : donnez un autre dossier à EGIDE_HOME.")
    if shutil.disk_usage(home.root).free < ROOM_NEEDED:
        raise Halt(f"Le disque de {home.root} est presque plein : libérez 300 Mo, puis relancez.")
    ensure_accounts()
    _refuse_foreign_owner(home)
    for folder in (home.log, home.run, home.demo):
        ensure_folder(folder, None, 0o755)
    if home.pg.exists():
        ensure_folder(home.pg, user_of("postgres"), 0o700)
    ensure_folder(home.keeper_run, user_of("keeper"), 0o755)
    ensure_folder(home.keeper, user_of("keeper"), 0o700)
    ensure_folder(home.demo_keys, user_of("demo-keys"), 0o700)


def _refuse_foreign_owner(home: Home) -> None:
    """A home is run by the account that made it; the short folder for sockets must not be somebody else's."""
    for folder in (home.root, home.run):
        if folder.exists() and folder.stat().st_uid != os.geteuid():
            raise Halt(f"{folder} appartient à un autre compte : lancez Égide sous ce compte, ou changez EGIDE_HOME.")


def check_ports(*ports: int) -> None:
    """Free, all of them; a Halt that says which is not."""
    for port in ports:
        _check_port(port, ports[0])


def _check_port(port: int, first: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            raise Halt(f"Le port {port} est réservé à root : choisissez EGIDE_PORT au-dessus de 1023.") from None
        except OSError:
            raise Halt(
                f"Le port {port} est déjà pris : arrêtez ce qui l'occupe, ou choisissez-en un autre, par "
                f"exemple EGIDE_PORT={first + 10} make run."
            ) from None
