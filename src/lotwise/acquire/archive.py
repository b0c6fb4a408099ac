"""Extraction of the members of a tar archive into one folder."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final

from lotwise.acquire.download.integrity import DamagedError, check_content, read_tar_to_end
from lotwise.acquire.download.names import place_within, safe_name
from lotwise.errors import InputError
from lotwise.files.atomic import atomic_path, make_directory

_CHUNK: Final = 1 << 20
_NOT_UNPACKED: Final = "lotwise does not unpack this archive; use other files of the study"


def extract(
    archive: Path, folder: Path, *, wanted: Callable[[str], bool] = lambda _name: True
) -> list[Path]:
    """Write the wanted members of ``archive`` into ``folder``.

    A member is written under a temporary name, checked to its end if it is gzip, and renamed. An
    existing file with the same content is not changed.

    Raises
    ------
    InputError
        The archive is damaged, a member is a link, a device or a path, or two members have the same
        name. Nothing is written in these cases.

    Examples
    --------
    >>> import io
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> place = Path(mkdtemp())
    >>> with tarfile.open(place / "a.tar", "w") as tar:
    ...     tar.addfile(tarfile.TarInfo("../up.txt"), io.BytesIO())
    >>> extract(place / "a.tar", place / "a")
    Traceback (most recent call last):
        ...
    lotwise.errors.InputError: ...a.tar: the file name '../up.txt' is not a plain name (...
    """
    try:
        read_tar_to_end(archive)
        with tarfile.open(archive, "r:") as tar:
            members = _checked(tar, archive)
            make_directory(folder)
            return [
                _write(tar, member, archive, folder) for member in members if wanted(member.name)
            ]
    except (tarfile.TarError, EOFError, DamagedError) as error:
        raise InputError(
            f"is damaged ({error})", path=archive, remedy="remove the archive and run again"
        ) from error


def _checked(tar: tarfile.TarFile, archive: Path) -> list[tarfile.TarInfo]:
    members, names = [], set()
    for member in tar:
        if member.isdir():
            continue
        member.name = member.name.removeprefix("./")
        if member.name.rpartition("/")[2].startswith("._"):
            continue  # added by macOS, not a file of the archive
        safe_name(member.name, origin=str(archive))
        if not member.isreg() or member.issparse():
            raise InputError(
                f"the archive member {member.name!r} is not a regular file (it may be a link)",
                path=archive,
                remedy=_NOT_UNPACKED,
            )
        if member.name in names:
            raise InputError(f"the archive contains the file {member.name!r} twice", path=archive)
        names.add(member.name)
        members.append(member)
    return members


def _same(stream: IO[bytes], target: Path) -> bool:
    with stream, target.open("rb") as written:
        while chunk := stream.read(_CHUNK):
            if written.read(_CHUNK) != chunk:
                return False
    return True


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, archive: Path, folder: Path) -> Path:
    target = place_within(folder, member.name)
    if target.is_file() and target.stat().st_size == member.size:
        stream = tar.extractfile(member)
        if stream is not None and _same(stream, target):
            return target
    stream = tar.extractfile(member)
    if stream is None:
        raise InputError(
            f"the archive member {member.name!r} is not a regular file (it may be a link)",
            path=archive,
            remedy=_NOT_UNPACKED,
        )
    with atomic_path(target) as temporary:
        with stream, temporary.open("wb") as out:
            shutil.copyfileobj(stream, out, _CHUNK)
        try:
            check_content(temporary, member.name)
        except DamagedError as damage:
            raise InputError(
                f"the archive member {member.name!r}: {damage}", path=archive
            ) from damage
    return target
