"""A small server of Arrow Flight SQL on loopback, which lets SQLite answer."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pyarrow as pa
import pyarrow.flight as flight

__all__ = ["FlightSql"]


class FlightSql(flight.FlightServerBase):
    """Answers statements with rows of a SQLite file.

    A statement is a protobuf `Any` (field 1: its type, field 2: its content) of a `CommandStatementQuery` (field 1: the SQL).
    """

    def __init__(self, file: Path) -> None:
        super().__init__("grpc://127.0.0.1:0")
        self.file = file

    @property
    def address(self) -> str:
        return f"grpc://127.0.0.1:{self.port}"

    def get_flight_info(self, context, descriptor):
        sql = _fields(_fields(descriptor.command)[2])[1].decode()
        table = self._rows(sql)
        endpoint = flight.FlightEndpoint(sql.encode(), [])
        return flight.FlightInfo(table.schema, descriptor, [endpoint], table.num_rows, -1)

    def do_get(self, context, ticket):
        return flight.RecordBatchStream(self._rows(ticket.ticket.decode()))

    def _rows(self, sql: str) -> pa.Table:
        database = sqlite3.connect(self.file)
        try:
            cursor = database.execute(sql)
        except sqlite3.Error as error:
            raise flight.FlightServerError(str(error)) from error
        names = [each[0] for each in cursor.description]
        rows = cursor.fetchall()
        table = pa.table({name: [row[at] for row in rows] for at, name in enumerate(names)})
        database.close()
        return table


def _fields(message: bytes) -> dict[int, bytes]:
    """Return the fields of a protobuf message that hold bytes."""
    fields, at = {}, 0
    while at < len(message):
        key, at = _number(message, at)
        length, at = _number(message, at)
        fields[key >> 3] = message[at : at + length]
        at += length
    return fields


def _number(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (message[at] & 127) << shift
        shift += 7
        at += 1
        if message[at - 1] < 128:
            return value, at
