"""From tokens to a tree, by the binding power of each sign (Pratt)."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from crm.lib.expressions.errors import ExpressionError
from crm.lib.expressions.tokens import Token, tokens

DEEPEST, MOST_NODES, MOST_PARTS = 60, 400, 5

_POWERS = {
    "or": 1,
    "and": 2,
    **dict.fromkeys(("=", "<>", "<", ">", "<=", ">="), 4),
    "&": 5,
    "+": 6,
    "-": 6,
    "*": 7,
    "/": 7,
}
_NOT, _COMPARING, _MINUS = 3, 4, 8


@dataclass(frozen=True)
class Node:
    """A part of the expression and its place in the text."""

    start: int
    end: int
    depth: int = field(default=1, kw_only=True)


@dataclass(frozen=True)
class Literal(Node):
    value: object


@dataclass(frozen=True)
class Name(Node):
    """A field, through links: ``account.level``; ``spans`` are the places of the parts."""

    parts: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Call(Node):
    name: str
    args: tuple[Node, ...]
    name_end: int


@dataclass(frozen=True)
class Unary(Node):
    op: str
    operand: Node


@dataclass(frozen=True)
class Binary(Node):
    op: str
    left: Node
    right: Node
    op_start: int
    op_end: int


def parse(text: str) -> Node:
    """The tree of ``text``; ExpressionError at the place where it can't be read on."""
    reader = _Reader(tokens(text))
    if reader.here.kind == "end":
        raise ExpressionError(_("Write an expression, for example: amount * 0.1"), 0, 1)
    tree = reader.expression(0, 0)
    if reader.here.kind != "end":
        raise ExpressionError(reader.surplus(), reader.here.start, reader.here.end)
    return tree


class _Reader:
    def __init__(self, found: list[Token]) -> None:
        self.tokens, self.at, self.nodes = found, 0, 0

    @property
    def here(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def surplus(self) -> str:
        if self.here.kind == ")":
            return _("There is a “)” too many.")
        return _("A sign such as + or & is missing before this.")

    def made(self, node: Node) -> Node:
        self.nodes += 1
        if self.nodes > MOST_NODES:
            said = _("The expression has too many parts. Split it: other formulas can be its parts.")
            raise ExpressionError(said, node.start, node.end)
        if node.depth > DEEPEST:
            raise ExpressionError(self.too_deep(), node.start, node.end)
        return node

    def too_deep(self) -> str:
        return _("The expression is nested too deeply. Split it: other formulas can be its parts.")

    def expression(self, power: int, level: int) -> Node:
        """The longest expression whose signs bind more strongly than ``power``."""
        if level > DEEPEST:
            raise ExpressionError(self.too_deep(), self.here.start, self.here.end)
        left = self.prefix(level)
        while (binds := _POWERS.get(self.here.kind, 0)) > power:
            sign = self.take()
            right = self.expression(binds, level + 1)
            if binds == _COMPARING and self.here.kind in _POWERS and _POWERS[self.here.kind] == _COMPARING:
                said = _("Compare twice, joined by “and”: 1 < a and a < 5")
                raise ExpressionError(said, self.here.start, self.here.end)
            depth = 1 + max(left.depth, right.depth)
            made = Binary(left.start, right.end, sign.kind, left, right, sign.start, sign.end, depth=depth)
            left = self.made(made)
        return left

    def prefix(self, level: int) -> Node:
        token = self.take()
        match token.kind:
            case "number" | "text" | "literal":
                return self.made(Literal(token.start, token.end, token.value))
            case "-" | "+" | "not":
                operand = self.expression(_NOT if token.kind == "not" else _MINUS, level + 1)
                return self.made(Unary(token.start, operand.end, token.kind, operand, depth=operand.depth + 1))
            case "(":
                inner = self.expression(0, level + 1)
                self.close(token)
                return inner
            case "name" if self.here.kind == "(":
                return self.call(token, level)
            case "name" | "bracket":
                return self.name(token)
        if token.kind == "end":
            raise ExpressionError(_("Something is missing at the end."), max(token.start - 1, 0), token.start)
        raise ExpressionError(_("A value or the name of a field is missing here."), token.start, token.end)

    def close(self, opening: Token) -> Token:
        if self.here.kind != ")":
            if self.here.kind == "end":
                raise ExpressionError(_("This “(” is not closed."), opening.start, opening.end)
            raise ExpressionError(_("A “,” or “)” is missing before this."), self.here.start, self.here.end)
        return self.take()

    def call(self, name: Token, level: int) -> Node:
        opening, args = self.take(), []
        if self.here.kind != ")":
            args.append(self.expression(0, level + 1))
            while self.here.kind == ",":
                self.take()
                args.append(self.expression(0, level + 1))
        end = self.close(opening).end
        depth = 1 + max((arg.depth for arg in args), default=0)
        return self.made(Call(name.start, end, str(name.value), tuple(args), name.end, depth=depth))

    def name(self, token: Token) -> Node:
        parts = [token]
        while self.here.kind == ".":
            dot = self.take()
            if self.here.kind not in {"name", "bracket"}:
                raise ExpressionError(_("The name of a field is missing behind the point."), dot.start, dot.end)
            parts.append(self.take())
        if len(parts) > MOST_PARTS:
            said = _("At most %(most)s links can be followed.") % {"most": MOST_PARTS - 1}
            raise ExpressionError(said, token.start, parts[-1].end)
        spans = tuple((part.start, part.end) for part in parts)
        return self.made(Name(token.start, parts[-1].end, tuple(str(part.value) for part in parts), spans))
