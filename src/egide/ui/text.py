"""Words on screen: French sentences are the message ids, other languages live in `ui/locale`."""

import re

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext as _n

__all__ = ["_", "_lazy", "_n", "typeset"]

_BEFORE = re.compile(r" (?=[:;?!»])")


def typeset(sentence: object) -> str:
    """The sentence with unbreakable spaces before `: ; ? ! »` and after `«`: no line begins with a sign."""
    return _BEFORE.sub("\u00a0", str(sentence)).replace("« ", "«\u00a0")
