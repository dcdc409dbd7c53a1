"""Batches that no client of ours would build."""

from typing import Any

from aiokafka.record.util import calc_crc32c


class Scrambled:
    """A batch builder of a stranger: one header's name is no UTF-8, and the checksum fits."""

    def __init__(self, builder: Any, name: bytes) -> None:
        self._builder, self._name = builder, name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self._builder, attribute)

    def build(self) -> bytearray:
        data = bytearray(self._builder.build())
        at = data.index(self._name)
        data[at : at + len(self._name)] = b"\xff" * len(self._name)
        data[17:21] = calc_crc32c(bytes(data[21:])).to_bytes(4, "big")
        return data
