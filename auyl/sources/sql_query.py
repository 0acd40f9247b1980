"""What is asked of a source database: rows of a period by local time, and how far the reading has come.

Every cell is asked for as text where a driver would change it: Python has no year 20662, no BC and no infinite time.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    cast,
    func,
    or_,
    select,
    type_coerce,
    types,
)

from auyl.contracts import Contract
from auyl.contracts.options import SqlOptions
from auyl.periods import LOCAL

# The session's time zone and notation, so that times with a zone are read, compared and written as local ones.
# MSSQL has no zone of a session: its moments (datetimeoffset) are compared as moments and say their zone.
_MYSQL = ("set session time_zone = '{zone}'", "set session transaction read only")
SESSION: dict[str, tuple[str, ...]] = {
    "postgresql": ("set local time zone interval '{zone}' hour to minute", "set local datestyle = 'ISO, YMD'"),
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
    "oracle": (
        "alter session set time_zone = '{zone}'",
        "alter session set nls_date_format = 'SYYYY-MM-DD HH24:MI:SS'",
        "alter session set nls_timestamp_format = 'SYYYY-MM-DD HH24:MI:SS.FF'",
        "alter session set nls_timestamp_tz_format = 'SYYYY-MM-DD HH24:MI:SS.FFTZH:TZM'",
        "set transaction read only",
    ),
}
# A row whose mark is older has none: it is read every time.
FIRST_MARK = date(1900, 1, 1)
TEMPORAL = (types.Date, types.DateTime, types.Time, types.Interval)
Mark = int | datetime


class TableQuery:
    """Questions to the table of one contract, for the rows of one period."""

    def __init__(self, contract: Contract, table: Table, dialect: str, period: str) -> None:
        """Raises ExtractRefused for a column of another type than its use needs."""
        self.contract = contract
        self.options = contract.options(SqlOptions)
        self.table = table
        self.dialect = dialect
        self.mark = table.columns[self.options.watermark]
        self.begins = date.fromisoformat(f"{period}-01")
        self.ends = (self.begins + timedelta(days=31)).replace(day=1)
        within = table.columns[self.options.period_column]
        if not isinstance(within.type, (types.Date, types.DateTime)):
            raise self._unusable(within, "periodColumn", "dates or times")
        self.is_numbered = not isinstance(self.mark.type, (types.Date, types.DateTime))
        if contract.is_delta and self.is_numbered and not _is_whole_number(self.mark.type, dialect):
            raise self._unusable(self.mark, "watermark", "times or whole numbers, with every change a greater one")
        self.in_period = self._between(within)
        if not self.is_numbered:
            # A row without its own date belongs to the period in which it changed; the suite says what it lacks.
            self.in_period = or_(self.in_period, and_(within.is_(None), self._between(self.mark)))

    def _unusable(self, column: Column[Any], option: str, expected: str) -> Exception:
        return self.contract.refusal(
            "source database", f"{option}: a column of {expected}", f"type {column.type!r}", column=column.name
        )

    def rows(self, since: Mark | None) -> Select[Any]:
        """All rows, or those changed from `since` on and those whose mark says nothing, in the order of change."""
        query = select(*(self._cell(column) for column in self.table.columns)).where(self.in_period)
        if since is not None:
            mark = self._compared(self.mark)
            conditions = [mark >= self._value(self.mark, since), self.mark.is_(None)]
            if not self.is_numbered:
                conditions.append(mark < self._value(self.mark, FIRST_MARK))
            query = query.where(or_(*conditions))
        return query.order_by(self.mark, *self.table.primary_key.columns)

    def newest_mark(self, con: Connection, clock: datetime) -> Mark | None:
        """The greatest mark of the period's rows that is not after `clock`. Raises ExtractRefused for unusable ones."""
        mark = self._compared(self.mark)
        query = select(func.min(mark), func.max(mark)).where(self.in_period)
        if not self.is_numbered:
            query = query.where(mark >= self._value(self.mark, FIRST_MARK), mark <= self._value(self.mark, clock))
        least, greatest = con.execute(query).one()
        if greatest is None:
            return None
        if self.is_numbered:
            if not all(isinstance(value, (int, Decimal)) and value == int(value) >= 0 for value in (least, greatest)):
                raise self._unusable(self.mark, "watermark", "whole numbers from 0 on")
            return int(greatest)
        try:
            return min(self._local(_moment(greatest)), clock)
        except ValueError:
            raise self._unusable(self.mark, "watermark", "times as ISO 8601 writes them") from None

    def clocks(self, con: Connection) -> tuple[datetime, datetime]:
        """Set up the session; the source's time, and how far a mark may have come by it.

        A mark without a zone may be written by the zone of the server or by the local one, so the earlier one counts.
        """
        server = _local_time(con)
        zone = datetime(self.begins.year, self.begins.month, 1, tzinfo=LOCAL).isoformat()[-6:]
        for statement in SESSION.get(self.dialect, ()):
            con.exec_driver_sql(statement.format(zone=zone))
        clock = func.sysutcdatetime() if self.dialect == "mssql" else func.current_timestamp()
        now = _moment(con.execute(select(clock)).scalar_one())
        if now.tzinfo is None:
            # The clocks of SQLite and sysutcdatetime are UTC without saying so; others have the session's zone.
            now = now.replace(tzinfo=UTC if self.dialect in ("sqlite", "mssql") else LOCAL)
        return now, now if has_zone(self.mark) else min(server, _local_time(con))

    def since(self, watermark: str | None, clock: datetime) -> Mark | None:
        """From where to read; None, which is all, where the watermark is none of this column.

        A watermark that an earlier clock let pass into the future starts from `clock`.
        """
        try:
            if watermark is None or self.is_numbered:
                return None if watermark is None else int(watermark)
            reached = min(self._local(datetime.fromisoformat(watermark)), clock)
            return reached - timedelta(minutes=self.options.overlap_minutes)
        except ValueError:
            return None

    def _local(self, moment: datetime) -> datetime:
        """A moment as the watermark's column has it, with a zone or by local time without one."""
        if has_zone(self.mark):
            return moment if moment.tzinfo else moment.replace(tzinfo=LOCAL)
        return moment.astimezone(LOCAL).replace(tzinfo=None) if moment.tzinfo else moment

    # -- columns -------------------------------------------------------------------------------------------------

    def _cell(self, column: Column[Any]) -> ColumnElement[Any]:
        if self.dialect == "postgresql" or (
            self.dialect in ("mysql", "mariadb", "oracle") and isinstance(column.type, TEMPORAL)
        ):
            return cast(column, types.String(64) if self.dialect == "oracle" else types.String()).label(column.name)
        # SQLite stores times as text of any shape.
        if self.dialect == "sqlite" and isinstance(column.type, TEMPORAL):
            return type_coerce(column, types.String()).label(column.name)
        return column

    def _compared(self, column: Column[Any]) -> ColumnElement[Any]:
        is_text = self.dialect == "sqlite" and isinstance(column.type, TEMPORAL)
        return type_coerce(column, types.String()) if is_text else column

    def _between(self, column: Column[Any]) -> ColumnElement[bool]:
        compared = self._compared(column)
        return and_(compared >= self._value(column, self.begins), compared < self._value(column, self.ends))

    def _value(self, column: Column[Any], value: int | date) -> Any:
        """A number, day or time in the type that the column is compared with; a day begins by local time."""
        if isinstance(value, int):
            return value
        if not isinstance(value, datetime):
            value = datetime(value.year, value.month, value.day)
        if self.dialect == "sqlite":
            value = value.astimezone(LOCAL).replace(tzinfo=None) if value.tzinfo else value
            is_day = value == value.replace(hour=0, minute=0, second=0, microsecond=0)
            return value.date().isoformat() if is_day else value.isoformat(" ")
        if not isinstance(column.type, types.DateTime):
            return value.date()
        if has_zone(column):
            return value if value.tzinfo else value.replace(tzinfo=LOCAL)
        return value.astimezone(LOCAL).replace(tzinfo=None) if value.tzinfo else value


def has_zone(column: Column[Any]) -> bool:
    """Is it a column of moments, whatever zone they are shown in?"""
    kind = column.type
    return bool(getattr(kind, "timezone", False)) or kind.__visit_name__ == "DATETIMEOFFSET"


def _is_whole_number(kind: types.TypeEngine[Any], dialect: str) -> bool:
    if isinstance(kind, types.Numeric) and not isinstance(kind, types.Float):
        return kind.scale == 0 or (dialect == "oracle" and kind.scale is None)
    return isinstance(kind, types.Integer)


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    return datetime.fromisoformat(value.isoformat() if isinstance(value, date) else str(value))


def _local_time(con: Connection) -> datetime:
    clocks = {"mssql": func.sysdatetime(), "sqlite": func.current_timestamp()}
    clock = clocks.get(con.dialect.name, func.localtimestamp())
    return _moment(con.execute(select(clock)).scalar_one()).replace(tzinfo=None)
