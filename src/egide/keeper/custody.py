"""The masters in the door's hands: locked or not, rotated, retired, handed to the keeper's own programs.

A change of keys makes the verbs anew and swaps them between two requests; nobody waits.
"""

import errno
import threading
from typing import Any, Final

from egide.keeper import masters, passphrase, renewal
from egide.keeper.masters import Masters
from egide.keeper.passphrase import SHORTEST, Store, WrongPassphrase
from egide.keeper.sessions import SESSION, Lasting, No
from egide.kernel.home import Home

TICKET: Final = "ticket"  # of the same versions as `session`


class Custody:
    """One a door. `on_change(masters)` is called with what the verbs must be made of."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._store: Store = masters.PLAIN
        self._lock = threading.Lock()
        self.keys: Masters | None = None
        self.on_change: Any = None

    def begin(self) -> bool:
        """Takes the keys where no passphrase is asked for; False: locked. Raises LostKeys."""
        masters.settle(self._home.keeper_masters)
        if passphrase.is_set(self._home.keeper_masters):
            return False
        self._take(masters.PLAIN)
        return True

    def unlock(self, phrase: str) -> None:
        """Takes the keys with the operator's passphrase; No("wrong_passphrase"), No("lost_keys")."""
        with self._lock:
            if self.keys is not None:
                return
            try:
                self._take(passphrase.unlock(self._home.keeper_masters, phrase))
            except WrongPassphrase:
                raise No("wrong_passphrase") from None
            except masters.LostKeys:
                raise No("lost_keys") from None

    def _take(self, store: Store) -> None:
        keys = masters.load(self._home.keeper_masters, self._home.keeper_birth, store)
        self._store, self.keys = store, keys
        self.on_change(keys)

    def hand(self, names: list[str]) -> dict[str, Any]:
        """Keys for another program of the keeper's own user: the finder, a rotation."""
        keys = self._held()
        if not set(names) <= set(keys.keys):
            raise No("bad_request")
        return {
            "keys": {name: keys.keys[name] for name in names},
            "since": {name: keys.since[name] for name in names},
            "base_id": keys.base_id, "demo": keys.demo, "born": keys.born,
            "epoch": masters.epoch(self._home.keeper_masters),
        }  # fmt: skip

    def status(self, conn: Any) -> dict[str, Any]:
        """Versions and ages of each key, what is left under former ones, whether they are wrapped. Never a key."""
        keys = self._held()
        return {
            "versions": {name: sorted(versions) for name, versions in keys.keys.items()},
            "left": {name: self._left(conn, name) for name in renewal.SWEPT if len(keys.keys.get(name, ())) > 1},
            "ages": keys.ages,
            "passphrase": isinstance(self._store, passphrase.Wrapped),
        }

    def rotate(self, conn: Any, name: str) -> int:
        """A new version that makes from now on; former ones are still believed. Resumes an unfinished one."""
        with self._lock:
            keys = self._held()
            if name not in renewal.SWEPT:
                raise No("not_rotated")
            if name in ("token", masters.SOURCE):
                keys = self._with_sources(keys)
            if len(keys.keys[name]) > 1 and self._unfinished(conn, name):
                return keys.live(name)
            if name == SESSION and keys.live(TICKET) == keys.live(SESSION):  # the pair goes together
                self._add(conn, TICKET)
            self._add(conn, name)
            self._take(self._store)
            return self._held().live(name)

    def _add(self, conn: Any, name: str) -> None:
        try:
            version = masters.add_version(self._home.keeper_masters, self._store, name)
        except OSError as error:
            raise No("disk_full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "keys_unwritten") from None
        self._note(conn, "rotated", name, version)

    def _with_sources(self, keys: Masters) -> Masters:
        """Where `source` is still what `token` gave: a file of its own, so that the versions of `token` may go."""
        if masters.SOURCE not in keys.keys:
            masters.add_version(self._home.keeper_masters, self._store, masters.SOURCE, keys.sources[0])
            self._take(self._store)
        return self._held()

    def _unfinished(self, conn: Any, name: str) -> bool:
        """A former version waits to be retired; one of a chain never is, only what it blinded is brought over."""
        return name != masters.SOURCE or self._left(conn, name) > 0

    def retire(self, conn: Any, name: str, version: int, *, at_once: bool = False) -> None:
        """Gives a version to nobody any more; No("still_used") while the base holds what it made.

        `at_once`, of the key of sessions: those that live under it end now.
        """
        with self._lock:
            keys = self._held()
            self._refuse_retirement(keys, name, version)
            pair = [one for one in (name, TICKET) if version in keys.keys[one]] if name == SESSION else [name]
            if not masters.retirable(self._home.keeper_masters, pair, version):
                raise No("keys_unwritten")
            if at_once and name == SESSION:  # whatever could refuse has spoken: nobody is put out for nothing
                Lasting(conn, keys).end()
            if self._left(conn, name):
                raise No("sessions_live" if name == SESSION else "still_used")
            if name == masters.SIGNING:
                masters.certify(self._home.keeper_birth, keys)
            for one in pair:
                masters.retire(self._home.keeper_masters, one, version)
            self._take(self._store)
            if self._left(conn, name):  # a page sealed under it between the two looks
                for one in pair:
                    masters.take_back(self._home.keeper_masters, one, version)
                self._take(self._store)
                raise No("still_used")
            for one in pair:
                self._note(conn, "retired", one, version)

    @staticmethod
    def _refuse_retirement(keys: Masters, name: str, version: int) -> None:
        if version not in keys.keys.get(name, {}) or name not in renewal.SWEPT:
            raise No("unknown_version")
        if version == keys.live(name):
            raise No("still_live")
        if name == masters.SOURCE:
            raise No("chained")

    def set_passphrase(self, conn: Any, phrase: str, former: str | None) -> None:
        """Wraps the keys under a passphrase, or changes it: the former one is then asked for."""
        with self._lock:
            self._held()
            if len(phrase) < SHORTEST:
                raise No("short_passphrase")
            if passphrase.is_set(self._home.keeper_masters):
                try:
                    passphrase.unlock(self._home.keeper_masters, former or "")
                except WrongPassphrase:
                    raise No("wrong_passphrase") from None
            self._store = masters.set_passphrase(self._home.keeper_masters, self._store, phrase)
            self._note(conn, "passphrase", "masters", 1)

    def _left(self, conn: Any, name: str) -> int:
        return renewal.sweep(conn, name, self._held(), self._home).left()

    def _held(self) -> Masters:
        if self.keys is None:
            raise No("locked")
        return self.keys

    @staticmethod
    def _note(conn: Any, what: str, name: str, version: int) -> None:
        conn.execute("SELECT gate.key_act(%s, %s, %s)", (what, name, version))
