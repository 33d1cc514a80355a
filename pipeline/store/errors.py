"""What goes wrong in the store, said so that a person can act on it."""

from __future__ import annotations


class StoreError(Exception):
    """A failure of the database: what happened, what was kept safe, and what to do next.

    All three are whole sentences for people who do not program; `str()` joins them.
    """

    def __init__(self, happened: str, kept: str = "", remedy: str = "") -> None:
        self.happened = happened
        self.kept = kept
        self.remedy = remedy
        # DuckDB's words on a slip in the SQL point at the place, over several lines.
        separator = "\n" if "\n" in happened else " "
        super().__init__(separator.join(part for part in (happened, kept, remedy) if part))


class QueryError(StoreError):
    """A question that the database could not answer: no database, a slip in the SQL, or a forbidden act."""
