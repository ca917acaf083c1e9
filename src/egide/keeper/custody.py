"""The masters in the door's hands: locked or not, rotated, retired, handed to the keeper's own programs.

A change of keys makes the verbs anew and swaps them between two requests; nobody waits.
"""

import threading
from typing import Any, Final

from egide.keeper import masters, passphrase, renewal
from egide.keeper.masters import Masters
from egide.keeper.passphrase import SHORTEST, Store, WrongPassphrase
from egide.keeper.sessions import No
from egide.kernel.home import Home

# Keys whose sessions all end: rotated together, the former version retired at once.
AT_ONCE: Final = ("session", "ticket")


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
            "ages": {name: keys.ages[name] for name in names},
            "base_id": keys.base_id, "demo": keys.demo, "born": keys.born,
            "epoch": masters.epoch(self._home.keeper_masters),
        }  # fmt: skip

    def status(self, conn: Any) -> dict[str, Any]:
        """Versions and ages of each key, what is left under former ones, whether they are wrapped. Never a key."""
        keys = self._held()
        return {
            "versions": {name: sorted(versions) for name, versions in keys.keys.items()},
            "left": {name: self._left(conn, name) for name in renewal.SWEPT if len(keys.keys[name]) > 1},
            "ages": keys.ages,
            "passphrase": isinstance(self._store, passphrase.Wrapped),
        }

    def rotate(self, conn: Any, name: str) -> int:
        """A new version that seals from now on; former ones still open what they sealed. Resumes an unfinished one."""
        with self._lock:
            keys = self._held()
            if name not in (*renewal.SWEPT, *AT_ONCE):
                raise No("not_rotated")
            if name in renewal.SWEPT and len(keys.keys[name]) > 1:
                return keys.live(name)
            for one in AT_ONCE if name in AT_ONCE else (name,):
                former = keys.live(one)
                version = masters.add_version(self._home.keeper_masters, self._store, one)
                if name in AT_ONCE:
                    masters.retire(self._home.keeper_masters, one, former)
                self._note(conn, "rotated", one, version)
            self._take(self._store)
            return self._held().live(name)

    def retire(self, conn: Any, name: str, version: int) -> None:
        """Gives a version to nobody any more; No("still_used") while the base holds a value sealed under it."""
        with self._lock:
            keys = self._held()
            if version not in keys.keys.get(name, {}) or name not in renewal.SWEPT:
                raise No("unknown_version")
            if version == keys.live(name):
                raise No("still_live")
            if self._left(conn, name):
                raise No("still_used")
            if name == masters.SIGNING:
                masters.certify(self._home.keeper_birth, keys)
            masters.retire(self._home.keeper_masters, name, version)
            self._take(self._store)
            if self._left(conn, name):  # a page sealed under it between the two looks
                masters.take_back(self._home.keeper_masters, name, version)
                self._take(self._store)
                raise No("still_used")
            self._note(conn, "retired", name, version)

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
