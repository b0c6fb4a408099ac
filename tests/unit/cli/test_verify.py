"""``lotwise verify``: what it prints."""

from __future__ import annotations

import yaml


def config(folder, **expected):
    path = folder / "config.yaml"
    row = {"level": "gene", "batch_a": "A", "batch_b": "B", "source": "Fig. 1"} | expected
    document = {"acquire": {"accession": "GSE1", "expected": [row]}}
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


def test_verify__says_what_to_read_off_and_where_to_write_it(run, tmp_path):
    path = config(tmp_path, r=None, decimals=None)
    ended = run("verify", "--config", path, "--results", tmp_path)
    assert ended.code == 0
    assert "To enter the missing coefficients (1):" in ended.out
    assert "Fig. 1 (gene): A - B\n" in ended.out
    assert f"2. In {path}, under acquire: expected:, replace `r: null" in ended.out


def test_verify__asks_for_nothing_where_all_is_on_file(run, tmp_path):
    ended = run("verify", "--config", config(tmp_path, r=0.98, decimals=2), "--results", tmp_path)
    assert "missing coefficients" not in ended.out
