"""The AAGUID that every software key of a demonstration carries: refused on any base not born as a demo."""

from uuid import UUID

SOFTWARE_AAGUID = UUID("e91de000-de30-4000-8000-000000000001")
