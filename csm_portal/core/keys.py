"""Keys of rows that are only ever added, such as a history's."""

import os
import time
from uuid import UUID


def ordered() -> UUID:
    """Return a key that comes after those made before it (UUID version 7, RFC 9562).

    Rows with random keys each land on another page of every index; these are written one behind the other.
    """
    moment = time.time_ns() // 1_000_000
    chance = int.from_bytes(os.urandom(10), "big")
    high = (moment & 0xFFFF_FFFF_FFFF) << 16 | 0x7000 | (chance >> 62) & 0xFFF
    low = 0x8000_0000_0000_0000 | chance & 0x3FFF_FFFF_FFFF_FFFF
    return UUID(int=high << 64 | low)
