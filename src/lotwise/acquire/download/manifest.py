"""The list of files downloaded into a directory: address, size, checksum and time of each."""

from __future__ import annotations

import csv
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Final, Self

from lotwise.acquire.download.integrity import Algorithm, Integrity, digest_of
from lotwise.errors import InputError
from lotwise.files.atomic import atomic_path, exclusive

MANIFEST: Final = "manifest.tsv"
STATE: Final = ".lotwise"


@dataclass(frozen=True)
class Entry:
    """One downloaded file, a row of ``manifest.tsv``.

    Parameters
    ----------
    path
        Relative to the directory of the manifest, separated by ``/``.
    url
        Address of the file.
    size
        Size in bytes.
    checksum
        ``md5:...`` if the source gave it, else ``sha256:...`` of the received file; followed, after
        a space, by ``sum:...`` if the source gave the checksum of the program ``sum``.
    modified_ns
        The file's modification time on disk; if it differs, the checksum is computed again.
    time
        Time of the download, ISO 8601 in UTC.
    """

    path: str
    url: str
    size: int
    checksum: str
    modified_ns: int
    time: str

    @classmethod
    def of_row(cls, row: dict[str, str]) -> Self:
        """Read one row."""
        return cls(
            path=row["path"],
            url=row["url"],
            size=int(row["size"]),
            checksum=row["checksum"],
            modified_ns=int(row["modified_ns"]),
            time=row["time"],
        )

    @property
    def checksums(self) -> dict[str, str]:
        """The checksums by algorithm."""
        parts = (part.partition(":") for part in self.checksum.split())
        return {name: value for name, _, value in parts}

    def agrees_with(self, integrity: Integrity) -> bool | None:
        """Return whether the source agrees with this entry.

        None if the source gives a checksum by an algorithm that this entry does not have.
        """
        if integrity.size is not None and integrity.size != self.size:
            return False
        known, wanted = self.checksums, integrity.checksums
        if any(known.get(name, value) != value for name, value in wanted.items()):
            return False
        return True if wanted.keys() <= known.keys() else None


_COLUMNS: Final = tuple(field.name for field in fields(Entry))


class Manifest:
    """The table ``manifest.tsv`` of a directory; safe for several processes at once.

    Parameters
    ----------
    root
        Directory of the files. For each change, the whole table is written again under a lock, so
        that it is never incomplete.
    """

    def __init__(self, root: Path) -> None:
        self.path = root / MANIFEST
        self._root = root

    def read(self) -> dict[str, Entry]:
        """Return all entries by path; empty if the table does not exist yet.

        Raises
        ------
        InputError
            The table was not written by lotwise.
        """
        try:
            with self.path.open(encoding="utf-8", newline="") as stream:
                rows = csv.DictReader(stream, delimiter="\t")
                return {row["path"]: Entry.of_row(row) for row in rows}
        except FileNotFoundError:
            return {}
        except (KeyError, ValueError, TypeError, csv.Error) as error:
            raise InputError(
                f"is not a manifest of downloads ({error})",
                path=self.path,
                remedy="remove the manifest; files without a published checksum are then "
                "downloaded again",
            ) from error

    def record(self, entry: Entry) -> None:
        """Add or replace one entry."""
        state = self._root / STATE
        with exclusive(state / "manifest.lock"):
            entries = self.read() | {entry.path: entry}
            with (
                atomic_path(self.path) as temporary,
                temporary.open("w", encoding="utf-8", newline="") as stream,
            ):
                writer = csv.writer(stream, delimiter="\t", lineterminator="\n")
                writer.writerow(_COLUMNS)
                writer.writerows(astuple(entries[path]) for path in sorted(entries))

    def holds(self, entry: Entry | None, path: Path) -> bool:
        """Return whether ``path`` still is as ``entry`` says.

        The checksum is computed again only if the modification time differs.
        """
        if entry is None:
            return False
        try:
            status = path.stat()
        except OSError:
            return False
        if status.st_size != entry.size:
            return False
        if status.st_mtime_ns == entry.modified_ns:
            return True
        known: tuple[Algorithm, ...] = ("md5", "sha256")
        kept = [name for name in known if name in entry.checksums]
        return bool(kept) and digest_of(path, kept[0]) == entry.checksums[kept[0]]
