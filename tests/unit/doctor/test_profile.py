from __future__ import annotations

from pathlib import Path

import pytest

from lotwise.doctor import read_profile, set_status_command
from lotwise.errors import InputError

ROOT = Path(__file__).resolve().parents[3]


def test_read_profile__ours():
    profile = read_profile(ROOT / "profiles" / "slurm")
    assert (profile.executor, profile.status_command) == ("slurm", "squeue")
    assert (profile.account, profile.partition) == (None, None)
    assert profile.first_status_seconds == 20


@pytest.mark.parametrize(
    "resources", ["[slurm_account=lab, slurm_partition=short]",
                  "{slurm_account: lab, slurm_partition: short}"],
)  # fmt: skip
def test_read_profile__resources_as_list_and_as_mapping(tmp_path, resources):
    file = tmp_path / "own.yaml"
    file.write_text(f"executor: slurm\ndefault-resources: {resources}\n")
    profile = read_profile(file)
    assert (profile.account, profile.partition) == ("lab", "short")
    assert profile.first_status_seconds == 40


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "is not YAML"),
        ("- a", "has no keys"),
        ("a: 2024-31-12", "is not YAML"),
        (
            "slurm-init-seconds-before-status-checks: 20s",
            "key 'slurm-init-seconds-before-status-checks' is '20s'; it must be a whole number",
        ),
        ("default-resources: 5", "key 'default-resources' is 5; it must be a list of NAME=VALUE"),
    ],
)
def test_read_profile__not_a_profile(tmp_path, text, words):
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(InputError, match=words):
        read_profile(tmp_path)


def test_read_profile__none_there(tmp_path):
    with pytest.raises(InputError, match="no such profile"):
        read_profile(tmp_path / "slurm")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("  # comment", "  # comment"),
        (" # comment", " # comment"),
        (" sacct", ""),
        (" 'sacct -n'   # why", "   # why"),
    ],
)
def test_set_status_command__keeps_the_comment_apart(tmp_path, before, after):
    file = tmp_path / "config.yaml"
    file.write_text(f"slurm-status-command:{before}\njobs: 5\n")
    set_status_command(read_profile(file), "squeue")
    assert file.read_text() == f"slurm-status-command: squeue{after}\njobs: 5\n"
    assert read_profile(file).status_command == "squeue"


def test_set_status_command__is_added_where_there_is_none(tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text("executor: slurm  # ours\njobs: 5")
    set_status_command(read_profile(file), "sacct")
    assert file.read_text() == "executor: slurm  # ours\njobs: 5\nslurm-status-command: sacct\n"
    assert read_profile(file).status_command == "sacct"
