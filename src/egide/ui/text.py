"""Words on screen: French sentences are the message ids, other languages live in `ui/locale`."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext as _n

__all__ = ["_", "_lazy", "_n"]
