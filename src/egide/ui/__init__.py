"""The pages: `page()`, the only way from a view to HTML, and what every page shares."""

from egide.ui.rendering import Frame, Place, QueryWhileRenderingError, page, rendering_active

__all__ = ["Frame", "Place", "QueryWhileRenderingError", "page", "rendering_active"]
