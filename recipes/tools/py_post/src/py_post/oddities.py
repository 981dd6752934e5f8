"""What was odd in an input, counted, with the place of the first of each."""

from py_post.reading import Row, Source, number_of, text_of
from py_post.text import count, label


class Oddities:
    """Collects what is told in the notes of a report."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._seen: dict[str, tuple[int, str]] = {}

    def add(self, what: str, source: Source) -> None:
        """One more; `what` goes on after a number, as in `3 rows without a time`."""
        times, where = self._seen.get(what, (0, f"{source.name} line {source.line}"))
        self._seen[what] = (times + 1, where)

    def number(self, row: Row, column: str, source: Source) -> int | float | None:
        """A number of a row; what is there and is none is odd."""
        value = row.get(column)
        number = number_of(value)
        if number is None and text_of(value).strip():
            self.add(f"in {label(column)} that are no finite numbers, left out", source)
        return number

    def amount(self, row: Row, column: str, source: Source) -> int | float | None:
        """As `number`, but there cannot be less than none of it."""
        number = self.number(row, column, source)
        if number is not None and number < 0:
            self.add(f"in {label(column)} below zero, left out", source)
            return None
        return number

    def notes(self) -> list[str]:
        """A sentence for each kind, in the order in which they were met."""
        return [
            f"{count(times, 'value')} {what}: {'the first is ' if times > 1 else ''}{where}"
            for what, (times, where) in self._seen.items()
        ]
