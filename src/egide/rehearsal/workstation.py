"""A workstation's key as a script holds it: what possession.js does in a browser, for drills and benchmarks."""

import base64
import secrets
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from egide.keeper.client import Keeper
from egide.kernel import proofs
from egide.kernel.proofs import ASKED

_SHA256 = ec.ECDSA(hashes.SHA256())


class Workstation:
    """One P-256 key; `repr` shows nothing of it."""

    def __init__(self, private: ec.EllipticCurvePrivateKey | None = None) -> None:
        self._private = private or ec.generate_private_key(ec.SECP256R1())

    @classmethod
    def of(cls, exported: str) -> "Workstation":
        """The key that `export` wrote; ValueError for anything else."""
        private = serialization.load_der_private_key(base64.b64decode(exported, validate=True), None)
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            raise ValueError("not an elliptic-curve key")  # noqa: TRY004 — whatever it is, it is no key of ours
        return cls(private)

    def export(self) -> str:
        """PKCS#8 in base64: for a demo's scripts alone; a browser cannot."""
        form = serialization.PrivateFormat.PKCS8
        der = self._private.private_bytes(serialization.Encoding.DER, form, serialization.NoEncryption())
        return base64.b64encode(der).decode()

    @property
    def point(self) -> bytes:
        """The public key, uncompressed: 65 bytes, as WebCrypto exports it."""
        encoding, form = serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        return self._private.public_key().public_bytes(encoding, form)

    @property
    def named(self) -> str:
        """The public key as the sign-in page gives it."""
        return base64.urlsafe_b64encode(self.point).rstrip(b"=").decode()

    def proof(self, method: str, url: str, how: str = ASKED, at: float | None = None) -> str:
        """One proof; `at` in seconds since 1970, now unless told."""
        when = int((time.time() if at is None else at) * 1000)
        nonce = base64.urlsafe_b64encode(secrets.token_bytes(12)).decode()
        text = proofs.signed_text(method, unquote(urlsplit(url).path), when, nonce, how)
        r, s = decode_dss_signature(self._private.sign(text, _SHA256))
        signature = base64.urlsafe_b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).rstrip(b"=").decode()
        return f"{when}.{nonce}.{how}.{signature}"


class Bearer(str):
    """A person's cookie together with the workstation that can prove it."""

    __slots__ = ("workstation",)
    workstation: Workstation

    @classmethod
    def of(cls, cookie: str, workstation: Workstation) -> "Bearer":
        """Both in one."""
        held = cls(cookie)
        held.workstation = workstation
        return held


class ProvingKeeper(Keeper):
    """A line to the keeper as the web process has it: a person's cookie is proven before each call that bears one.

    `keep`: seconds for which a pass is used again, where the call itself is measured.
    """

    def __init__(self, path: Path, keep: float = 0.0) -> None:
        super().__init__(path)
        self._keep = keep
        self._passes: dict[str, tuple[float, str]] = {}

    def call(self, verb: str, **arguments: Any) -> dict[str, Any]:
        """As Keeper.call; `cookie` may be a Bearer."""
        held = arguments.get("cookie")
        if isinstance(held, Bearer) and verb != "prove":
            made, passed = self._passes.get(held, (0.0, ""))
            if time.monotonic() - made > self._keep:
                made, passed = self._passes[held] = (time.monotonic(), self.passing(held))
            arguments["cookie"] = passed
        return super().call(verb, **arguments)

    def passing(self, held: Bearer, how: str = ASKED) -> str:
        """A pass of one request, as one of our own pages would ask."""
        given = [held.workstation.proof("GET", "/", how)]
        return str(super().call("prove", cookie=str(held), method="GET", path="/", given=given)["pass"])
