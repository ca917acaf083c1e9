"""Preview of every page with invented contexts (development): `python src/egide/ui/tests/preview.py OUT [--serve]`.

Takes pictures at 1440 and 390 px, light and dark, and prints whatever the browser complains of (CSP included).
"""

import os
import sys
import tempfile
import threading
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

PORT = int(os.environ.get("PREVIEW_PORT", "8499"))
PAGES = [
    "connexion", "connexion-seule", "unite", "unite-vide", "dossier", "dossier-vide", "dossier-long", "importes",
    "importes-genre", "importe", "importe-scelle", "constantes",
    "courbe", "acces", "sessions", "aide", "non/no_link/", "non/keeper/", "non/session_ended/", "nulle-part/x",
]  # fmt: skip


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


def _start() -> WSGIServer:
    os.environ.setdefault("EGIDE_HOME", tempfile.mkdtemp())
    os.environ["EGIDE_PORT"] = str(PORT)
    os.environ["DJANGO_SETTINGS_MODULE"] = "egide.config.settings"
    from django.conf import settings

    settings.ROOT_URLCONF = "egide.ui.tests.preview_urls"
    settings.EGIDE_FRAME = "egide.ui.tests.preview_urls.frame"
    settings.ALLOWED_HOSTS = ["localhost"]
    settings.INSTALLED_APPS = ["egide.ui"]
    settings.MIDDLEWARE = [m for m in settings.MIDDLEWARE if not m.startswith("egide.config") or "same_origin" in m]
    from django.core.wsgi import get_wsgi_application

    server = make_server("localhost", PORT, get_wsgi_application(), _Server, _Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def _pictures(out: Path, names: list[str]) -> None:
    from playwright.sync_api import sync_playwright

    out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for scheme in ("light", "dark"):
            for width, height in ((1440, 900), (390, 844)):
                context = browser.new_context(
                    viewport={"width": width, "height": height}, color_scheme=scheme, locale="fr-FR"
                )
                tab = context.new_page()
                tab.on("console", lambda said: print("console:", said.type, said.text))
                tab.on("pageerror", lambda fault: print("error:", fault))
                for name in names:
                    tab.goto(f"http://localhost:{PORT}/{name}")
                    tab.wait_for_load_state("networkidle")
                    wide = tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                    if wide > 0:
                        print(f"{name} at {width}: {wide} px too wide")
                    file = name.strip("/").replace("/", "-")
                    tab.screenshot(path=str(out / f"{file}-{width}-{scheme}.png"))
                context.close()
        browser.close()


if __name__ == "__main__":
    server = _start()
    if "--serve" in sys.argv:
        print(f"http://localhost:{PORT}/")
        threading.Event().wait()
    _pictures(Path(sys.argv[1]), sys.argv[2:] or PAGES)
    server.shutdown()
