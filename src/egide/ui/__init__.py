"""The pages: `page()`, the only way from a view to HTML, and what every page shares (assets, words, formats, curves)."""

from egide.ui.rendering import Frame, Place, QueryWhileRendering, page, rendering_active

__all__ = ["Frame", "Place", "QueryWhileRendering", "page", "rendering_active"]
