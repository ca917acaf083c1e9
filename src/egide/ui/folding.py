"""What never changes within one language is written into a template when it is compiled.

A page says some ninety fixed sentences and draws some thirty symbols; asked for at each rendering, they were a sixth
of it. Only calls whose every argument is a literal are folded: `_("…")`, `asset("…")`, `kit.icon("…", small=True)`. An
address is asked for by some forty links a page; it stays a call, but the shortest that Jinja has.
"""

from collections.abc import Callable

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from egide.ui.assets import asset_url
from egide.ui.pieces import icon

_Fixed = Callable[..., object]


def fold(tree: nodes.Template, translate: _Fixed) -> nodes.Template:
    """The template with its fixed calls replaced by what they answer; `translate` is the language's own `_`."""
    _Folding({"_": translate, "asset": asset_url, "kit.icon": icon}).visit(tree)
    return tree


class _Folding(NodeTransformer):
    def __init__(self, known: dict[str, _Fixed]) -> None:
        self.known = known

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802 (Jinja's visitor asks for this name)
        self.generic_visit(node)
        if _name(node.node) == "url":
            return _address(node)
        fixed = self.known.get(_name(node.node))
        literal = all(isinstance(one, nodes.Const) for one in (*node.args, *(named.value for named in node.kwargs)))
        if fixed is None or not literal or node.dyn_args is not None or node.dyn_kwargs is not None:
            return node
        given = [one.as_const() for one in node.args]
        named = {one.key: one.value.as_const() for one in node.kwargs}
        # Markup stays markup; anything else is escaped where it is written, as before.
        return nodes.Const(fixed(*given, **named), lineno=node.lineno)


def _address(node: nodes.Call) -> nodes.Node:
    """`url("name", key=value)` as a filter: Jinja calls a filter at once, a global by way of the context."""
    if len(node.args) != 1 or len(node.kwargs) > 1 or node.dyn_args is not None or node.dyn_kwargs is not None:
        return node
    at = node.lineno
    if not node.kwargs:
        return nodes.Filter(node.args[0], "address", [], [], None, None, lineno=at)
    (given,) = node.kwargs
    key = nodes.Const(given.key, lineno=at)
    return nodes.Filter(given.value, "address_of", [node.args[0], key], [], None, None, lineno=at)


def _name(node: nodes.Node) -> str:
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
        return f"{node.node.name}.{node.attr}"
    return ""
