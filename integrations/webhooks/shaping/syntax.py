"""What a template may be made of, and where its steps are counted.

Allowed is a list, not "all but": text, `{{ … }}`, `if`, `for`, `set x = …`, comparisons,
arithmetic, indexing, filters and tests. There are no calls, macros, imports or inheritance, so a
template has nothing to call and nowhere to recurse. After the check, the parts that can grow or
repeat are wrapped in hidden filters that count.
"""

from collections.abc import Collection, Iterator
from typing import cast

from jinja2 import nodes

from formplatform.forms.schema.problems import did_you_mean

from .budget import Fault

MOST_NODES = 2_000
DEEPEST = 40
LARGEST_NUMBER = 2**53
ALLOWED: tuple[type[nodes.Node], ...] = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Assign,
    nodes.Name, nodes.Const, nodes.List, nodes.Tuple, nodes.Dict, nodes.Pair,
    nodes.Getattr, nodes.Getitem, nodes.Slice, nodes.Filter, nodes.Test, nodes.CondExpr,
    nodes.Compare, nodes.Operand, nodes.Concat, nodes.And, nodes.Or, nodes.Not, nodes.Keyword,
    nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Neg, nodes.Pos,
)  # fmt: skip
REMEDIES: dict[type[nodes.Node], str] = {
    nodes.Call: "Nothing can be called here: use a filter, like `x|upper` or `x|items`.",
    nodes.Pow: "Powers are not allowed: multiply.",
    nodes.Macro: "Macros are not allowed: write the text out.",
    nodes.Include: "A template stands alone: write the text out.",
    nodes.Import: "A template stands alone: write the text out.",
    nodes.FromImport: "A template stands alone: write the text out.",
    nodes.Extends: "A template stands alone: write the text out.",
    nodes.Block: "A template stands alone: write the text out.",
    nodes.AssignBlock: "Use `{% set name = value %}`.",
    nodes.FilterBlock: "Use a filter on a value: `{{ value|upper }}`.",
}
PUT, LOOP, MADE, JOINED = "_put", "_loop", "_made", "_joined"
"""The hidden filters: print a value, go through one, count one, join texts."""


def check(
    template: nodes.Template,
    *,
    names: Collection[str],
    filters: Collection[str],
    tests: Collection[str],
) -> None:
    """Raises Fault for the first part that is not allowed, with its line."""
    _check_size(template)
    known = {*names, "loop", *_assigned(template)}
    for node in _walk(template):
        if not isinstance(node, ALLOWED):
            message = REMEDIES.get(type(node), "This is not allowed in a template.")
            raise Fault("not_allowed", message, line=node.lineno)
        if isinstance(node, nodes.Name):
            _check_name(node, known)
        elif isinstance(node, nodes.Filter):
            _check_known(node.name, "filter", filters, node.lineno)
        elif isinstance(node, nodes.Test):
            _check_known(node.name, "test", tests, node.lineno)
        else:
            _check_other(node)


def _check_other(node: nodes.Node) -> None:
    if isinstance(node, nodes.For) and node.recursive:
        raise Fault("not_allowed", "A loop cannot call itself.", line=node.lineno)
    number = node.value if isinstance(node, nodes.Const) else 0
    if isinstance(number, int | float) and not abs(number) <= LARGEST_NUMBER:
        # Infinity is compiled to a name that nobody defines.
        raise Fault("too_large", f"A number is larger than {LARGEST_NUMBER:,}.", line=node.lineno)


def count_steps(node: nodes.Node) -> None:
    """Wrap, in place, what prints, repeats, joins and grows. For templates that were checked."""
    if isinstance(node, nodes.Output):
        node.nodes = [
            each if isinstance(each, nodes.TemplateData) else _wrapped(PUT, each)
            for each in node.nodes
        ]
    for field, value in list(node.iter_fields()):
        if isinstance(value, nodes.Node):
            setattr(node, field, _replaced(value))
        elif isinstance(value, list):
            setattr(node, field, [_replaced(each) for each in value])
    if isinstance(node, nodes.For):
        node.iter = _wrapped(LOOP, cast("nodes.Expr", node.iter), nodes.Const(_weight(node)))
    elif isinstance(node, nodes.Operand) and node.op in {"in", "notin"}:
        node.expr = _wrapped(MADE, node.expr)


def _weight(loop: nodes.For) -> int:
    """What one turn costs."""
    repeated = [*loop.body, *([loop.test] if loop.test else [])]
    return 1 + sum(1 for part in repeated for _ in _walk(part))


def _replaced(node: object) -> object:
    if not isinstance(node, nodes.Node):
        return node
    count_steps(node)
    if isinstance(node, nodes.Concat):
        parts = nodes.List(node.nodes, lineno=node.lineno)
        return _wrapped(JOINED, parts)
    grows = isinstance(node, nodes.List | nodes.Dict) or (
        isinstance(node, nodes.Tuple) and node.ctx == "load"
    )
    if grows and isinstance(node, nodes.Expr):
        return _wrapped(MADE, node)
    return node


def _wrapped(name: str, node: nodes.Expr, *arguments: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(node, name, list(arguments), [], None, None, lineno=node.lineno)


def _check_size(template: nodes.Template) -> None:
    """Before anything walks down the tree with the interpreter's stack."""
    pending: list[tuple[nodes.Node, int]] = [(template, 0)]
    seen = 0
    while pending:
        node, depth = pending.pop()
        seen += 1
        if seen > MOST_NODES or depth > DEEPEST:
            message = f"A template has at most {MOST_NODES:,} parts, nested at most {DEEPEST} deep."
            raise Fault("too_complex", message, line=node.lineno)
        pending += [(child, depth + 1) for child in node.iter_child_nodes()]


def _walk(node: nodes.Node) -> Iterator[nodes.Node]:
    yield node
    for child in node.iter_child_nodes():
        yield from _walk(child)


def _assigned(template: nodes.Template) -> set[str]:
    return {
        node.name
        for node in _walk(template)
        if isinstance(node, nodes.Name) and node.ctx in {"store", "param"}
    }


def _check_name(node: nodes.Name, known: Collection[str]) -> None:
    name = node.name
    if not name.isascii() or name.startswith("_"):
        message = "Names begin with a letter and are made of a-z, A-Z, 0-9 and _."
        raise Fault("not_allowed", message, line=node.lineno)
    if node.ctx != "load" and name in {"loop", "self", "super", "caller"}:
        raise Fault("not_allowed", f"{name!r} has a meaning already.", line=node.lineno)
    if node.ctx == "load":
        _check_known(name, "name", known, node.lineno)


def _check_known(name: str, kind: str, known: Collection[str], line: int) -> None:
    if name not in known:
        hint = did_you_mean(name, known)
        there = ", ".join(sorted(known))
        message = f"There is no {kind} {name[:64]!r}.{hint or f' There are: {there}.'}"
        raise Fault(f"unknown_{kind}", message, line=line)
