"""Building a statement: parameters numbered in the order in which they are bound, and rows as JSON."""

from collections.abc import Iterable, Sequence

from hub.ledger.homes import encode


class Values:
    """Numbers the parameters of a statement in the order in which they are bound."""

    def __init__(self) -> None:
        """Begin at $1."""
        self.count = 0

    def next(self, cast: str) -> str:
        """The next parameter with its type."""
        self.count += 1
        return f"${self.count}::{cast}"

    def rows(self, *casts: str) -> str:
        """A row source: one JSON text of all rows, and an array for each column that is JSON itself.

        Parallel arrays alone would cost the client six times as much, since it looks at every
        element several times; documents inside the rows would cost Postgres as much again.
        """
        sources = [f"jsonb_array_elements({self.next('text')}::jsonb)"]
        sources += [f"unnest({self.next('text[]')})" for cast in casts if cast == "json"]
        documents = iter(range(len(casts)))
        scalars = iter(range(len(casts)))
        columns = ", ".join(
            f"d{next(documents)}::json" if cast == "json" else _cell(next(scalars), cast)
            for cast in casts
        )
        names = ", ".join(["e", *(f"d{n}" for n in range(len(sources) - 1))])
        return f"(select {columns} from rows from ({', '.join(sources)}) as r({names}))"


def _cell(number: int, cast: str) -> str:
    text = f"e ->> {number}"
    return f"decode({text}, 'base64')" if cast == "bytea" else f"({text})::{cast}"


def json_rows(rows: Iterable[Sequence[object]]) -> str:
    """What a row source of scalars is bound to."""
    return encode(list(rows)).decode()
