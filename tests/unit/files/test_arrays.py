"""Arrays in one file."""

from __future__ import annotations

import numpy as np
import pytest

from lotwise.errors import InputError
from lotwise.files.arrays import read_arrays, write_arrays


@pytest.mark.parametrize("kind", ["missing", "empty", "text", "cut", "altered", "one array"])
def test_read_arrays__a_damaged_file_is_an_error_of_the_input(tmp_path, kind) -> None:
    path = tmp_path / "a.npz"
    write_arrays(path, {"a": np.arange(1_000)})
    whole = path.read_bytes()
    middle = len(whole) // 2
    contents = {
        "empty": b"",
        "text": b"nothing",
        "cut": whole[:middle],
        "altered": whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :],
    }
    if kind == "missing":
        path.unlink()
    elif kind == "one array":
        with path.open("wb") as stream:
            np.save(stream, np.arange(3))
    else:
        path.write_bytes(contents[kind])
    with pytest.raises(InputError, match=r"a\.npz: cannot be read as bases \(.+\); count again"):
        read_arrays(path, ["a"], what="bases", remedy="count again")


def test_read_arrays__a_missing_array_is_named(tmp_path) -> None:
    write_arrays(tmp_path / "a.npz", {"a": np.arange(3)})
    with pytest.raises(InputError, match=r"cannot be read as bases \(.*depth"):
        read_arrays(tmp_path / "a.npz", ["a", "depth"], what="bases", remedy="count again")
