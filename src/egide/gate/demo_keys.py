"""On a demo base, whose software keys a form may ask the demo key service for: one's own, then a colleague's."""

import json
from typing import Any

from django.conf import settings

from egide.kernel.capabilities import Actor


def keys_of(actor: Actor | None) -> dict[str, Any]:
    """What a form of keys needs (gate/keys.html): username, demo_keys_url, colleagues; nothing off a demo base."""
    if actor is None or not (settings.DEMO and settings.DEMO_KEYS_URL):
        return {"username": None, "demo_keys_url": None, "colleagues": []}
    return {
        "username": actor.username,
        "demo_keys_url": settings.DEMO_KEYS_URL,
        "colleagues": _colleagues(actor),
    }


def _colleagues(actor: Actor) -> list[dict[str, str]]:
    """Whose key may play the colleague's: those of my units first, at most 100."""
    try:
        found = json.loads(settings.HOME.demo_accounts.read_text(encoding="utf-8"))["accounts"]
    except (OSError, ValueError, KeyError):
        return []
    mine = {str(unit) for unit in actor.units}
    others = [one for one in found if one["username"] != actor.username]
    others.sort(key=lambda one: mine.isdisjoint(one["units"]))
    return [{"username": one["username"], "name": one["name"]} for one in others[:100]]
