"""What people state beside what they choose, as coordinates of the same facts. numpy only.

The product of a person's row and a project's is what the rules count: 1 for a shared value (spread
over a project's several values), less by distance for the amount. The weight of each question is
learnt like that of any other part, so that without a choice the order is the rules', weighed.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from backend.matching.engine.encoding import Block, Encoder, Sparse
from backend.matching.engine.frames import Frame, Schema, column, log2_amounts, texts
from backend.matching.engine.schema import Floats, Ints

OCTAVES = 4.0  # a sum 2^4 times what was stated fits no more
FADE = 2.0  # choices after which answers count half of what they count for a newcomer
ANSWERED = "answered"  # for everybody alike
EARLY = "early"  # on top, for those who have chosen little


def stated_names(schema: Schema, frame: Frame) -> tuple[str, ...]:
    """Columns of facts that `frame` (of investors) answers. Words are no answer."""
    amount = (schema.log_amount,) if schema.log_amount else ()
    return tuple(name for name in (*schema.categorical, *amount) if name in frame)


def stated_rows(encoder: Encoder, frame: Frame, people: Sequence[str]) -> Sparse:
    """One row for each of `people`: several rows of one person in `frame` are joined."""
    names = stated_names(encoder.schema, frame)
    place = {key: i for i, key in enumerate(people)}
    rows_of: list[list[int]] = [[] for _ in people]
    for row, key in enumerate(column(frame, "investor_id")):
        if str(key) in place:
            rows_of[place[str(key)]].append(row)
    cells = {name: column(frame, name) for name in names}
    blocks = [block for block in encoder.blocks if block.name in cells]
    columns: list[Ints] = [np.zeros(0, np.int64)]
    values: list[Floats] = [np.zeros(0)]
    ends = [0]
    for rows in rows_of:
        for block in blocks:
            mine = _entries(encoder, block, [cells[block.name][row] for row in rows])
            columns.append(mine[0])
            values.append(mine[1])
        ends.append(sum(map(len, columns[len(columns) - len(blocks) :])) + ends[-1])
    return Sparse(
        np.array(ends, dtype=np.int64),
        np.concatenate(columns),
        np.concatenate(values).astype(np.float32),
        encoder.width,
    )


def _entries(encoder: Encoder, block: Block, cells: Sequence[object]) -> tuple[Ints, Floats]:
    if block.name == encoder.schema.log_amount:
        return _near(encoder.octaves, block, log2_amounts(cells))
    keys = encoder.keys[block.name]
    wanted = _distinct(t for cell in cells for t in texts(cell))
    columns = np.array([block.start + keys[t] for t in wanted if t in keys], dtype=np.int64)
    return columns, np.ones(len(columns))


def _distinct(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _near(octaves: tuple[int, int], block: Block, stated: Floats) -> tuple[Ints, Floats]:
    """How near each octave is to the nearest sum that was stated: 1 for the same, 0 from 2^4 on."""
    stated = stated[np.isfinite(stated)]
    if not len(stated):
        return np.zeros(0, np.int64), np.zeros(0)
    marks = np.arange(octaves[0], octaves[1] + 1)
    inside = np.clip(stated, *octaves)  # sums beyond the ends stand at the ends, as projects' do
    gap = np.abs(marks[:, None] - inside[None, :]).min(axis=1)
    near = np.clip(1 - gap / OCTAVES, 0.0, 1.0)
    some = np.flatnonzero(near > 0)
    return (block.start + some).astype(np.int64), near[some]
