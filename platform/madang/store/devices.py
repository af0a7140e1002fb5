"""Devices that an administrator has taken out of the pool."""

from sqlalchemy import Connection, delete, insert, select

from madang.domain.upkeep import DeviceMark
from madang.store.columns import columns_of, read_as, values_of
from madang.store.tables import device_marks


class DeviceMarks:
    """The table of marks; one for each device that is out."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> list[DeviceMark]:
        """Return the marks, the oldest first."""
        query = select(*columns_of(device_marks, DeviceMark)).order_by(device_marks.c.at_ms)
        return [read_as(DeviceMark, row) for row in self._connection.execute(query)]

    def put(self, mark: DeviceMark) -> None:
        """Keep a mark in place of the one that the device may have."""
        self.drop(mark.device)
        self._connection.execute(insert(device_marks).values(values_of(mark)))

    def drop(self, device: str) -> bool:
        """Take a mark away; returns whether there was one."""
        query = delete(device_marks).where(device_marks.c.device == device)
        return self._connection.execute(query).rowcount > 0
