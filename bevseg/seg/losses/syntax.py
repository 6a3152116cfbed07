"""`0.25*ce+0.75*jml(form=1)` -> names, weights and options: the text of a loss, without what the names mean.

    loss    = term {"+" term}
    term    = [NUMBER "*"] name {":" (NUMBER | WORD)} ["(" [option {"," option}] ")"]
    name    = WORD, with dots in the name of a module; hyphens do for underscores
    option  = WORD "=" value
    value   = NUMBER | WORD | QUOTED | true | false | none | "[" [value {"," value}] "]"

Spaces may stand anywhere between these. What a term may say after a colon is for `loss_text.py` to judge.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import NamedTuple, NoReturn

from bevseg.errors import UsageError

LONGEST = 2000
"""Characters of a text; longer ones are refused unread."""

DEEPEST = 4
"""Lists within lists."""

_TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<number>-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)|(?P<word>[a-z_][\w.-]*)"
    r"|(?P<quoted>\"[^\"]*\"|'[^']*')|(?P<sign>[-+*:(),=\[\]])",
    re.ASCII | re.IGNORECASE,
)
_WHOLE = re.compile(r"-?\d{1,15}")
_BARE = re.compile(r"[a-z_][\w.-]*", re.ASCII | re.IGNORECASE)
_NAMED = {"true": True, "false": False, "none": None}

Value = bool | int | float | str | None | tuple["Value", ...]
"""What an option can be given in a text."""


class Written(NamedTuple):
    """A term as it is written.

    Attributes
    ----------
    text
        The term alone, for messages.
    weight
        Factor of the term, 1 where none is given.
    name
        First word.
    suffixes
        Numbers and words behind colons, in their order.
    options
        Those in brackets.
    """

    text: str
    weight: float
    name: str
    suffixes: tuple[float | str, ...]
    options: dict[str, Value]


def read_terms(text: str) -> list[Written]:
    """Return the terms of a text.

    Raises
    ------
    UsageError
        For a text that is no sum of terms, too long or too deep, for a weight that is not above 0, and for an option
        that is given twice.
    """
    if len(text) > LONGEST:
        raise UsageError(
            f"A loss text of {len(text)} characters is too long",
            where="--loss",
            hint=f"shorten it to at most {LONGEST}",
        )
    tokens = list(_tokens(text))
    terms, begin, depth = [], 0, 0
    for place, token in enumerate([*tokens, _END]):
        depth += token.text in ("(", "[")
        depth -= token.text in (")", "]")
        if token is _END or (token.text == "+" and depth <= 0):
            terms.append(_Term(tokens[begin:place], text).read())
            begin = place + 1
    return terms


def write(value: Value) -> str:
    """Return a value as text that reads as the same value."""
    if isinstance(value, tuple):
        return f"[{','.join(map(write, value))}]"
    if isinstance(value, str):
        quote = "'" if '"' in value else '"'
        bare = _BARE.fullmatch(value) and value.lower() not in _NAMED
        return value if bare else f"{quote}{value}{quote}"
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    return repr(value).removesuffix(".0")


class _Token(NamedTuple):
    kind: str
    text: str
    begin: int
    end: int


_END = _Token("end", "", 0, 0)


def _tokens(text: str) -> Iterator[_Token]:
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise _not_a_loss(text, text)
        kind = str(match.lastgroup)
        if kind != "space":
            yield _Token(kind, match[0], place, match.end())
        place = match.end()


class _Term:
    """Reads the tokens of one term from left to right."""

    def __init__(self, tokens: list[_Token], whole: str) -> None:
        self.tokens, self.whole, self.place = tokens, whole, 0
        self.text = whole[tokens[0].begin : tokens[-1].end] if tokens else ""

    def read(self) -> Written:
        weight = self._weight()
        name = self._take("word").text
        suffixes: list[float | str] = []
        while self._skip(":"):
            token = self._take("number", "word")
            suffixes.append(token.text if token.kind == "word" else self._number(token))
        options: dict[str, Value] = {}
        if self._skip("("):
            while not self._skip(")"):
                option, value = self._option()
                if option in options:
                    raise UsageError(f"Option {option!r} is given twice", where=f"--loss {self.whole}")
                options[option] = value
                if not self._skip(",") and self._next().text != ")":
                    self._refuse()
        if self.place < len(self.tokens):
            self._refuse()
        return Written(self.text, weight, name, tuple(suffixes), options)

    def _weight(self) -> float:
        if self._next().kind != "number":
            return 1.0
        weight = float(self._number(self._take("number")))
        self._take("sign", text="*")
        if not weight > 0:
            raise UsageError(
                f"The loss {self.text!r} has no effect",
                where=f"--loss {self.whole}",
                hint="remove it, or give it a weight above 0",
            )
        return weight

    def _option(self) -> tuple[str, Value]:
        name = self._take("word").text.replace("-", "_")
        self._take("sign", text="=")
        return name, self._value(0)

    def _value(self, depth: int) -> Value:
        token = self._take("number", "word", "quoted", "sign")
        if token.kind == "number":
            return self._number(token)
        if token.kind == "quoted":
            return token.text[1:-1]
        if token.kind == "word":
            return _NAMED.get(token.text.lower(), token.text)
        if token.text != "[" or depth == DEEPEST:
            self._refuse()
        values: list[Value] = []
        while not self._skip("]"):
            values.append(self._value(depth + 1))
            if not self._skip(",") and self._next().text != "]":
                self._refuse()
        return tuple(values)

    def _number(self, token: _Token) -> int | float:
        if _WHOLE.fullmatch(token.text):
            return int(token.text)
        number = float(token.text)
        if not math.isfinite(number):
            raise UsageError(f"The number {token.text[:20]} is too large", where=f"--loss {self.whole}")
        return number

    def _next(self) -> _Token:
        return self.tokens[self.place] if self.place < len(self.tokens) else _END

    def _take(self, *kinds: str, text: str | None = None) -> _Token:
        token = self._next()
        if token.kind not in kinds or text not in (None, token.text):
            self._refuse()
        self.place += 1
        return token

    def _skip(self, sign: str) -> bool:
        """Step over a sign if it is the next token, and say whether it was."""
        found = self._next().text == sign
        self.place += found
        return found

    def _refuse(self) -> NoReturn:
        raise _not_a_loss(self.text, self.whole)


def _not_a_loss(term: str, text: str) -> UsageError:
    return UsageError(
        f"Not a loss: {term!r}",
        where=f"--loss {text}",
        why="expected NAME, NAME:NUMBER or NAME(OPTION=VALUE, ...), each with WEIGHT* before it or not, joined by +",
        hint="for example ce+0.5*power_jaccard(p=1.5, smooth=10)",
    )
