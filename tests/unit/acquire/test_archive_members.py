"""Members of a tar archive that others than the depositor's program put there."""

from __future__ import annotations

import io
import tarfile

import pytest

from lotwise.acquire.archive import extract
from lotwise.errors import InputError


def archive(path, *names):
    with tarfile.open(path, "w") as tar:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = 2
            tar.addfile(member, io.BytesIO(b"x\n"))
    return path


@pytest.mark.parametrize(
    "names",
    [
        ("GSM1.txt", "._GSM1.txt"),  # macOS
        ("._.", "./GSM1.txt"),  # tar -cf a.tar .
        ("./._GSM1.txt", "./GSM1.txt"),
    ],
)
def test_extract__passes_over_what_is_no_file_of_its_own(tmp_path, names):
    found = extract(archive(tmp_path / "a.tar", *names), tmp_path / "a")
    assert [path.name for path in found] == ["GSM1.txt"]


def test_extract__two_members_of_one_name_after_the_dot_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"contains the file .* twice"):
        extract(archive(tmp_path / "a.tar", "GSM1.txt", "./GSM1.txt"), tmp_path / "a")
