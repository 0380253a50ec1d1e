"""Files appear whole or not at all."""

from __future__ import annotations

import contextlib
import filecmp
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from authoring.problems import LmsSyncError


class CannotWrite(LmsSyncError):
    """A file could not be written (disk full, no permission); whatever was there before is untouched."""


def write_durably(path: Path, content: bytes, *, mode: int | None = None) -> None:
    """Writes `content` to `path`: a temporary file beside it, flushed to disk, then put in its place.

    `mode` sets the permissions before the content is written (0o600 for secrets); a folder that is made for
    such a file is its owner's alone. Raises CannotWrite.
    """
    with whole_file(path, mode=mode) as stream:
        stream.write(content)


def write_whole(path: Path, content: bytes) -> None:
    """The same without waiting for the disk: for what can be made again where a machine loses it. Raises CannotWrite."""
    with whole_file(path, durable=False) as stream:
        stream.write(content)


def put_in_place(made: Path, path: Path) -> None:
    """Moves a whole file to `path`, unless that has the same content. Raises CannotWrite."""
    with contextlib.suppress(OSError):
        if path.is_file() and filecmp.cmp(made, path, shallow=False):
            made.unlink()
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        os.replace(made, path)
        return
    write_whole(path, made.read_bytes())  # another disk, or an error that is told there


@contextlib.contextmanager
def whole_file(
    path: Path,
    *,
    mode: int | None = None,
    wanted: Callable[[], bool] = lambda: True,
    durable: bool = True,
) -> Iterator[IO[bytes]]:
    """A stream whose content is put in the place of `path` at the end, as `write_durably` does.

    Nothing is put there after an error, or where `wanted` says at the end that it is not. What is not `durable` may be
    lost with the machine's power. Raises CannotWrite.
    """
    try:
        path.parent.mkdir(mode=0o777 if mode is None else 0o700, parents=True, exist_ok=True)
        handle, temporary = _new_file(path, 0o666 if mode is None else mode)
        try:
            with os.fdopen(handle, "wb") as stream:
                if mode is not None:  # whatever the process takes away
                    os.chmod(temporary, mode)
                yield stream
                stream.flush()
                if (keep := wanted()) and durable:
                    os.fsync(stream.fileno())
            if keep:
                os.replace(temporary, path)
            else:
                os.unlink(temporary)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        if keep and durable:
            _sync_folder(path.parent)
    except OSError as error:
        reason = error.strerror or str(error)
        raise CannotWrite("files.cannot-write", path=str(path), reason=reason) from error


def refuse_links(path: Path, *, below: Path) -> None:
    """Raises CannotWrite where a folder between `below` and `path` is a link, which would lead elsewhere."""
    for folder in path.parents:
        if folder == below:
            return
        if folder.is_symlink():
            raise CannotWrite("files.link", path=folder.as_posix())


def _new_file(path: Path, mode: int) -> tuple[int, Path]:
    """A file beside `path` that was not there, open for writing and reading: its handle and its name.

    The system itself takes away what the process's umask says. Python can only ask for that by setting another one for a
    moment, in which other threads make files that anybody may read, or keep the wrong one for good.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    while True:
        temporary = path.with_name(f".{path.name[:40]}.{secrets.token_hex(4)}.part")
        with contextlib.suppress(FileExistsError):
            return os.open(temporary, flags, mode), temporary


def _sync_folder(folder: Path) -> None:
    # A rename is durable once its folder is; where a folder cannot be opened (Windows), the rename itself must do.
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
