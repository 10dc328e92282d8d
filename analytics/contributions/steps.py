"""The steps of a call, as `functions/apply.lua` takes them: one text.

It is one argument because the client takes longer to send many than the server to part one.
"""

from collections.abc import Collection, Mapping

from analytics import keys

from .exact_sums import balance_of

END = "\x1f"
"""After every part of a step. Where an answer has it, a replacement character is counted."""


class Steps:
    """The text, and what the counters of fields in it add up to."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.balance = 0

    def add(self, kind: str, key: str, counters: Mapping[str, int]) -> None:
        changed = {name: amount for name, amount in counters.items() if amount}
        if changed:
            self.pieces.append(piece(kind, key, changed, changed.values()))

    def add_passing(self, key: str, counters: Mapping[str, int], *, expires_at: int) -> None:
        """The same for a key that expires, in seconds since 1970."""
        changed = {name: amount for name, amount in counters.items() if amount}
        if changed:
            self.pieces.append(passing_piece(key, changed, changed.values(), expires_at))

    def add_to_field(self, kind: str, key: str, counters: Mapping[str, int]) -> None:
        """The same for counters that enter the balance."""
        self.add(kind, key, counters)
        self.balance += balance_of(counters) if kind == "n" else sum(counters.values())

    def close(self, totals: Mapping[str, int]) -> str:
        """All of them, with what they add to the totals."""
        balance = self.balance % keys.BALANCE_MODULUS
        self.add("i", keys.stats(), {**totals, keys.BALANCE: balance})
        return "".join(self.pieces)


def passing_piece(
    key: str, names: Collection[str], amounts: Collection[int], expires_at: int
) -> str:
    return f"{piece('p', key, names, amounts)}{expires_at}{END}"


def piece(kind: str, key: str, names: Collection[str], amounts: Collection[int]) -> str:
    """One step."""
    texts = END.join(names)
    if texts.count(END) >= len(names):
        names, amounts = _plain(names, amounts)
        texts = END.join(names)
    return END.join((kind, key, str(len(names)), texts, *map(str, amounts), ""))


def _plain(
    names: Collection[str], amounts: Collection[int]
) -> tuple[Collection[str], Collection[int]]:
    """The same without END in a name. Two may become one, whose amounts then add up."""
    plain = [name.replace(END, "\ufffd") for name in names]
    if not amounts:
        return plain, amounts
    counted: dict[str, int] = {}
    for name, amount in zip(plain, amounts, strict=True):
        counted[name] = counted.get(name, 0) + amount
    return counted.keys(), counted.values()
