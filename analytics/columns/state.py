"""Everything known of a form's responses: segments, which of their rows are dead, what came since.

A response has one row at most that is alive. An edit kills the row before it and adds another, a
deletion moves the response to `gone`. So the number of responses and the sum of their revisions,
deleted ones included, are known here as the store knows them: where both agree, all of it does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from analytics.query.fields import Fields

from .folder import Folder, Segment
from .schema import CHANGED_AT, DELETED, ID, REVISION, frame_of, names_of

if TYPE_CHECKING:
    import polars as pl

SEGMENT_ROWS = 131_072
"""Rows are written at this number at the latest: no more are held in memory."""
BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
ROW, KNOWN, WHERE = "_row", "_known", "_where"
IN_DELTA, IN_GONE = "delta", "gone"


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """Never changed, only replaced. `base` is the digest of the manifest it began with.

    `dead` has row numbers per segment file; `gone` and `delta` are rows in memory, `delta` with
    every column; `changed` counts what was learned since `base`.
    """

    folder: Folder
    base: str
    segments: tuple[Segment, ...]
    dead: Mapping[str, "pl.Series"]
    gone: "pl.DataFrame"
    delta: "pl.DataFrame"
    count: int
    revisions: int
    place: datetime
    """Changes stamped earlier were read already, but for those that came late."""
    compacted_at: datetime
    is_whole: bool
    """False for what a first reading wrote down on its way: somebody has to go on with it."""
    changed: int = 0

    @property
    def totals(self) -> tuple[int, int]:
        """As `FormStore.change_mark` counts."""
        return self.count, self.revisions

    @property
    def dead_rows(self) -> int:
        return sum(rows.len() for rows in self.dead.values())

    @property
    def rows(self) -> int:
        """Live responses."""
        return sum(segment.rows for segment in self.segments) + self.delta.height - self.dead_rows

    def frame(self, fields: Fields) -> "pl.LazyFrame":
        import polars as pl

        parts = [self.live(segment) for segment in self.segments]
        if self.delta.height or not parts:
            parts.append(self.delta.lazy())
        names = names_of(fields)
        return pl.concat([part.select(names) for part in parts])

    def live(self, segment: Segment) -> "pl.LazyFrame":
        """The rows of a segment that are alive, with their numbers in ROW where some are dead."""
        import polars as pl

        path = self.folder.path / segment.mark.name
        dead = self.dead.get(segment.mark.name)
        if dead is None:
            return pl.scan_ipc(path, glob=False)
        numbered = pl.scan_ipc(path, glob=False, row_index_name=ROW)
        return numbered.filter(~pl.col(ROW).is_in(dead.implode()))

    def totals_before(self, moment: datetime) -> tuple[int, int]:
        """As `FormStore.change_mark` with `before`."""
        import polars as pl

        parts = [self.delta.lazy(), self.gone.lazy()]
        parts += [self.live(each) for each in self.segments if each.changed_until >= moment]
        later = pl.concat([part.select(CHANGED_AT, REVISION) for part in parts]).filter(
            pl.col(CHANGED_AT) >= moment
        )
        count, revisions = later.select(pl.len(), pl.col(REVISION).sum()).collect().row(0)
        return self.count - count, self.revisions - revisions

    def with_changes(self, changes: "pl.DataFrame") -> "State":
        """After changes as `frame_of` makes them, the newest of a response last; known ones too."""
        import polars as pl

        newest = changes.unique(ID, keep="last", maintain_order=True)
        known = self._find(newest[ID])
        found = newest.join(known, on=ID, how="left", maintain_order="left")
        fresh = found.filter(pl.col(KNOWN).is_null() | (pl.col(KNOWN) < pl.col(REVISION)))
        if fresh.is_empty():
            return self
        replaced = fresh.filter(pl.col(KNOWN).is_not_null()).select(ID, KNOWN, WHERE, ROW)
        live = fresh.filter(~pl.col(DELETED)).select(self.delta.columns)
        gone = fresh.filter(DELETED).select(self.gone.columns)
        changed = replace(
            self,
            dead=_killed(self.dead, replaced),
            gone=_without(self.gone, replaced).vstack(gone),
            delta=_without(self.delta, replaced).vstack(live),
            count=self.count + fresh.height - replaced.height,
            revisions=self.revisions + _sum(fresh, REVISION) - _sum(replaced, KNOWN),
            changed=self.changed + fresh.height,
        )
        return changed.flushed() if changed.delta.height >= SEGMENT_ROWS else changed

    def flushed(self) -> "State":
        """With all rows in files. Those belong to nobody until a manifest names them."""
        if self.delta.is_empty():
            return self
        segment = self.folder.write_segment(self.delta)
        return replace(self, segments=(*self.segments, segment), delta=self.delta.clear())

    def _find(self, ids: "pl.Series") -> "pl.DataFrame":
        """Of the responses that are known: the revision, and which row of what it is."""
        import polars as pl

        parts = [_within(self.delta.lazy(), IN_DELTA, ids), _within(self.gone.lazy(), IN_GONE, ids)]
        for segment in self.segments:
            wanted = ids.filter((ids >= segment.first_id) & (ids <= segment.last_id))
            if wanted.len():
                path = self.folder.path / segment.mark.name
                rows = pl.scan_ipc(path, glob=False, row_index_name=ROW)
                dead = self.dead.get(segment.mark.name, pl.Series([], dtype=pl.UInt32()))
                found = _within(rows, segment.mark.name, wanted)
                parts.append(found.filter(~pl.col(ROW).is_in(dead.implode())))
        return pl.concat(parts).collect()


def empty_state(folder: Folder, fields: Fields) -> State:
    rows = frame_of([], fields)
    return State(
        folder=folder,
        base="",
        segments=(),
        dead={},
        gone=rows.select(ID, CHANGED_AT, REVISION),
        delta=rows.drop(DELETED),
        count=0,
        revisions=0,
        place=BEGINNING,
        compacted_at=BEGINNING,
        is_whole=False,
    )


def _within(rows: "pl.LazyFrame", where: str, ids: "pl.Series") -> "pl.LazyFrame":
    import polars as pl

    numbered = rows if where not in (IN_DELTA, IN_GONE) else rows.with_row_index(ROW)
    return numbered.filter(pl.col(ID).is_in(ids.implode())).select(
        ID, pl.col(REVISION).alias(KNOWN), pl.lit(where).alias(WHERE), ROW
    )


def _killed(dead: Mapping[str, "pl.Series"], replaced: "pl.DataFrame") -> dict[str, "pl.Series"]:
    killed = dict(dead)
    for (where,), rows in replaced.group_by(WHERE):
        name = str(where)
        if name not in (IN_DELTA, IN_GONE):
            killed[name] = rows[ROW].append(dead[name]) if name in dead else rows[ROW]
    return killed


def _without(rows: "pl.DataFrame", replaced: "pl.DataFrame") -> "pl.DataFrame":
    import polars as pl

    if rows.is_empty() or replaced.is_empty():
        return rows
    return rows.filter(~pl.col(ID).is_in(replaced[ID].implode()))


def _sum(rows: "pl.DataFrame", column: str) -> int:
    return int(rows[column].cast(int).sum())
