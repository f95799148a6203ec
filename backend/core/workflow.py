"""What a state machine is: a table of moves. Pure, so that diagrams and tests can read it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Move:
    """One legal edge: which roles may take it and the audit code that it writes."""

    by: frozenset[str]
    audit: str


@dataclass(frozen=True)
class Workflow:
    """`{status: {next status: Move}}`; the first key is where every row starts."""

    name: str
    table: Mapping[str, Mapping[str, Move]]

    @property
    def start(self) -> str:
        return next(iter(self.table))

    @property
    def statuses(self) -> tuple[str, ...]:
        return tuple(self.table)

    def edge(self, before: str, after: str) -> Move | None:
        return self.table.get(before, {}).get(after)

    def edges(self) -> list[tuple[str, str, Move]]:
        return [(a, b, move) for a, row in self.table.items() for b, move in row.items()]

    def mermaid(self) -> str:
        """The diagram that stands in the app's README (scripts/workflow_diagrams)."""
        lines = ["stateDiagram-v2", f"    [*] --> {self.start}"]
        for before, after, move in self.edges():
            lines.append(f"    {before} --> {after}: {', '.join(sorted(move.by))}")
        lines += [f"    {s} --> [*]" for s, row in self.table.items() if not row]
        return "\n".join(lines)


def table_of(
    rows: list[tuple[str, str, str, str]], final: tuple[str, ...]
) -> dict[str, dict[str, Move]]:
    """Build the table from `(before, after, "role role", audit code)` rows."""
    table: dict[str, dict[str, Move]] = {}
    for before, after, roles, code in rows:
        table.setdefault(before, {})[after] = Move(frozenset(roles.split()), code)
    for status in final:
        table.setdefault(status, {})
    return table
