"""The room that writes a file whole or not at all: under another name first, which then takes the file's place."""

from __future__ import annotations

import os
from contextlib import suppress


def write_whole(path: str, data: bytes, temporary: str, *, mode: int | None = None) -> None:
    """Put bytes in the place of a file; whoever reads meanwhile sees the old ones or the new ones.

    `temporary` is the name under which they are written first, in the same folder. With a `mode` the file gets it,
    nobody else may read it before, and it is on the disk when this returns. Raises OSError; whatever ends it leaves
    nothing behind.
    """
    try:
        with open(temporary, "xb", opener=None if mode is None else _private) as file:
            file.write(data)
            if mode is not None:
                file.flush()
                os.fsync(file.fileno())
        if mode is not None:
            os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def unique() -> str:
    """What no other process and no other moment names a file after."""
    return f"{os.getpid()}-{os.urandom(4).hex()}"


def _private(path: str, flags: int) -> int:
    """Open a file that nobody else may read yet."""
    return os.open(path, flags, 0o600)
