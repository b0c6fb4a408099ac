"""Seals: a manifest of all files, and statements on it signed by the responsible people.

Signatures are detached, made by ``ssh-keygen -Y sign``. A time stamp is a request according to
RFC 3161, answered by a time authority that the user chooses. Both can be checked without lotwise.
A seal supports a quality system; a program cannot ensure that people own their keys and keep them
safe.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final, Literal

from lotwise.acceptance.history import stamp
from lotwise.errors import EnvironmentFault, InputError
from lotwise.files.atomic import atomic_path, make_directory
from lotwise.files.checksums import checksum_if_there
from lotwise.record.manifest import find_faults, take_manifest
from lotwise.tree import COPY

Meaning = Literal["performed", "reviewed", "approved"]
Scope = Literal["results", "criteria"]

SEALS: Final = "seal"
MANIFEST: Final = "MANIFEST.sha256"
# Signatures for another purpose are not valid for this one.
NAMESPACE: Final = "lotwise-seal"
_FORMAT: Final = "lotwise seal 1"
_KEYS: Final = ("scope", "manifest-sha256", "name", "identity", "meaning", "time", "lotwise")


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """A statement signed by one person.

    Attributes
    ----------
    name, identity
        Name of the person, and the principal of their key in the file of allowed signers.
    meaning
        What the signature means.
    time
        UTC time of the machine's clock; a time authority is independent of it.
    fault
        Why the statement is not valid; empty if it is.
    stamped
        Answer of a time authority; empty if none was asked.
    """

    name: str
    identity: str
    meaning: str
    time: str
    file: str
    fault: str = ""
    stamped: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckedSeal:
    """A seal compared with its folder."""

    faults: tuple[str, ...]
    statements: tuple[Statement, ...]

    @property
    def holds(self) -> bool:
        """Whether all files are unchanged since sealing and at least one signature is valid."""
        signed = bool(self.statements) and not any(one.fault for one in self.statements)
        return signed and not self.faults


def write_seal(
    root: Path,
    *,
    key: Path,
    name: str,
    meaning: Meaning,
    identity: str = "",
    scope: Scope = "results",
    timestamp: bool = False,
) -> Path:
    """Sign a results folder; the first signature writes the manifest, later ones are added.

    Parameters
    ----------
    root
        Folder of the results.
    key
        Private key of the signer, as made by ``ssh-keygen``.
    name, meaning
        Who signs, and what the signature means.
    identity
        Principal of the key in the file of allowed signers; by default the name.
    scope
        All results, or only the registered criteria, before there are results.
    timestamp
        Whether to write a request for a time authority together with the signature.

    Returns
    -------
    The signed statement.

    Raises
    ------
    InputError
        The folder has changed since it was sealed, or the key cannot sign.
    EnvironmentFault
        ``ssh-keygen`` or ``openssl`` is not installed.
    """
    folder = root / SEALS / scope
    manifest = folder / MANIFEST
    _check_words(name, identity)
    if manifest.is_file():
        faults = _compare(root, folder, scope)
        if faults:
            raise InputError(
                f"has changed since it was sealed: {'; '.join(faults[:5])}",
                path=root,
                remedy=f"restore the sealed files, or remove {folder} and seal again",
            )
    else:
        only = (COPY,) if scope == "criteria" else ()
        text = take_manifest(root, leave_out=folder, only=only)
        _write(manifest, text.encode())
    number = len(list(folder.glob("*.txt"))) + 1
    statement = folder / f"{number:02d}-{meaning}.txt"
    told = {
        "scope": scope,
        "manifest-sha256": checksum_if_there(manifest),
        "name": name,
        "identity": identity or name,
        "meaning": meaning,
        "time": stamp(),
        "lotwise": version("lotwise"),
    }
    lines = [_FORMAT, *(f"{label}: {value}" for label, value in told.items())]
    # Nothing is written to the folder if the key cannot sign.
    with tempfile.TemporaryDirectory() as scratch:
        draft = Path(scratch) / statement.name
        draft.write_text("\n".join(lines) + "\n", encoding="utf-8")
        _run(
            ["ssh-keygen", "-q", "-Y", "sign", "-f", str(key), "-n", NAMESPACE, str(draft)],
            path=key,
        )
        signature = draft.with_name(f"{draft.name}.sig").read_bytes()
        _write(statement, draft.read_bytes())
        _write(statement.with_name(f"{statement.name}.sig"), signature)
    if timestamp:
        query = statement.with_suffix(".tsq")
        _run(
            ["openssl", "ts", "-query", "-data", str(statement), "-sha256", "-cert",
             "-out", str(query)],
            path=query,
        )  # fmt: skip
    return statement


def check_seal(
    root: Path,
    *,
    signers: Path | None,
    authority: Path | None = None,
    scope: Scope = "results",
) -> CheckedSeal:
    """Compare a folder with its seal and verify every signature.

    Parameters
    ----------
    root
        Folder of the results.
    signers
        File of allowed signers (``man ssh-keygen``). With None any key is accepted, and the seal
        shows only that the files are unchanged since someone signed them.
    authority
        Certificates of the time authority, to verify responses (``NN-meaning.tsr``).
    scope
        All results, or only the registered criteria.

    Raises
    ------
    InputError
        The folder has no seal.
    EnvironmentFault
        ``ssh-keygen`` or ``openssl`` is not installed.
    """
    folder = root / SEALS / scope
    manifest = folder / MANIFEST
    if not manifest.is_file():
        raise InputError("has no seal", path=folder, remedy="make a seal with `lotwise seal`")
    sha256 = checksum_if_there(manifest)
    statements = tuple(
        _verify(path, sha256, scope=scope, signers=signers, authority=authority)
        for path in sorted(folder.glob("*.txt"))
    )
    return CheckedSeal(faults=_compare(root, folder, scope), statements=statements)


def _compare(root: Path, folder: Path, scope: Scope) -> tuple[str, ...]:
    text = (folder / MANIFEST).read_text(encoding="utf-8")
    return find_faults(text, root, leave_out=folder, complete=scope == "results")


def _verify(
    path: Path, manifest: str, *, scope: Scope, signers: Path | None, authority: Path | None
) -> Statement:
    content = path.read_bytes()
    told = _read(content.decode("utf-8", errors="replace"))
    faults = []
    if told.keys() != {*_KEYS}:
        faults.append("is not a statement of lotwise")
    if told.get("manifest-sha256") != manifest or told.get("scope") != scope:
        faults.append("is about another manifest")
    faults += _verify_signature(path, content, told.get("identity", ""), signers)
    stamped, fault = _verify_time(path, authority)
    return Statement(
        name=told.get("name", ""),
        identity=told.get("identity", ""),
        meaning=told.get("meaning", ""),
        time=told.get("time", ""),
        file=path.name,
        fault="; ".join([*faults, *fault]),
        stamped=stamped,
    )


def _verify_signature(path: Path, content: bytes, identity: str, signers: Path | None) -> list[str]:
    signature = path.with_name(f"{path.name}.sig")
    if not signature.is_file():
        return ["has no signature"]
    if signers is None:
        command = ["ssh-keygen", "-Y", "check-novalidate", "-n", NAMESPACE, "-s", str(signature)]
    else:
        if not signers.is_file():
            raise InputError("the file of allowed signers does not exist", path=signers)
        command = [
            "ssh-keygen", "-Y", "verify", "-f", str(signers), "-I", identity, "-n", NAMESPACE,
            "-s", str(signature),
        ]  # fmt: skip
    done = _call(command, given=content)
    if done.returncode == 0:
        return []
    why = "the signature is not valid"
    if signers is not None:
        why += f" for any key of {identity!r} in the file of allowed signers"
    return [why]


def _verify_time(path: Path, authority: Path | None) -> tuple[str, list[str]]:
    response = path.with_suffix(".tsr")
    if not response.is_file():
        return "", []
    if authority is None:
        return "the time stamp was not verified; to verify it, use --authority", []
    done = _call(
        ["openssl", "ts", "-verify", "-data", str(path), "-in", str(response),
         "-CAfile", str(authority)]
    )  # fmt: skip
    if done.returncode != 0:
        return "", ["the time stamp is not valid"]
    said = _call(["openssl", "ts", "-reply", "-in", str(response), "-text"]).stdout.decode()
    found = re.search(r"Time stamp: (.*)", said)
    return f"time authority: {found[1].strip() if found else 'verified'}", []


def _read(text: str) -> dict[str, str]:
    first, *lines = text.splitlines() or [""]
    if first != _FORMAT:
        return {}
    pairs = (line.partition(": ") for line in lines)
    return {label: value for label, _, value in pairs}


def _check_words(*words: str) -> None:
    for word in words:
        if not word.isprintable():
            raise InputError(f"the name {word!r} contains characters that cannot be printed")


def _run(command: Sequence[str], *, path: Path) -> None:
    done = _call(command)
    if done.returncode != 0:
        said = " ".join((done.stderr or done.stdout).decode(errors="replace").split())
        raise InputError(f"{command[0]} could not use this file ({said})", path=path)


def _call(
    command: Sequence[str], *, given: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(command, input=given, capture_output=True, check=False)  # noqa: S603
    except FileNotFoundError:
        raise EnvironmentFault(
            f"{command[0]} is not installed",
            remedy="install it (package openssh-client or openssl)",
        ) from None


def _write(path: Path, content: bytes) -> None:
    make_directory(path.parent)
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)
