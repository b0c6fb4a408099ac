"""The stored reference set and new batches against it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from click.testing import CliRunner

import lotwise
from lotwise import keys
from lotwise.cli.reference import command
from lotwise.errors import InputError, RefusedError
from lotwise.reference_set import (
    add_to_reference,
    compare_with_reference,
    describe_reference,
    read_reference,
)


def batches(names, *, seed=0, spread=0.2, n_genes=500, level="gene"):
    rng = np.random.default_rng(seed)
    truth = np.random.default_rng(99).lognormal(3, 2, n_genes)
    tpm = truth * rng.lognormal(0, spread, (len(names), n_genes))
    tpm *= 1e6 / tpm.sum(axis=1, keepdims=True)
    return AnnData(
        X=np.log2(tpm + 1),
        obs=pd.DataFrame(
            {keys.SAMPLE: list(names), keys.BATCH: pd.Categorical(names)},
            index=pd.Index(names, dtype=object),
        ),
        var=pd.DataFrame(index=pd.Index([f"g{i}" for i in range(n_genes)], dtype=object)),
        layers={keys.TPM: tpm},
        uns={keys.LOTWISE: {keys.LEVEL: level}},
    )


@pytest.fixture
def reference(tmp_path):
    path = tmp_path / "reference.h5ad"
    add_to_reference(batches(["A", "B", "C"]), path, note="first campaign")
    return path


def test_add_to_reference__keeps_values_version_and_history(reference, tmp_path):
    source = tmp_path / "gene.h5ad"
    source.write_bytes(b"as read")
    assert add_to_reference(batches(["D"], seed=1), reference, source=source) == 2
    held = read_reference(reference)
    assert held.obs_names.to_list() == ["A", "B", "C", "D"]
    np.testing.assert_array_equal(
        held.layers[keys.TPM][:3], batches(["A", "B", "C"]).layers[keys.TPM]
    )
    found = describe_reference(reference)
    assert found["version"] == 2
    assert [entry["added"] for entry in found["history"]] == [["A", "B", "C"], ["D"]]
    assert found["history"][0]["note"] == "first campaign"
    assert found["history"][1]["sha256"] == hashlib.sha256(b"as read").hexdigest()


ADDER = """
import sys, time
from pathlib import Path
from lotwise import reference_set
from test_reference_set import batches

path, name = Path(sys.argv[1]), sys.argv[2]
real = reference_set.read_reference

def slowly(path):
    held = real(path)
    time.sleep(1)  # for the other process to read the same, if nothing keeps it from that
    return held

reference_set.read_reference = slowly
reference_set.add_to_reference(batches([name], seed=1), path)
"""


def test_add_to_reference__two_processes_at_once_lose_no_batch(reference):
    environment = {
        **os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])
    }  # fmt: skip
    adding = [
        subprocess.Popen([sys.executable, "-c", ADDER, str(reference), name], env=environment)
        for name in ("D", "E")
    ]
    assert [process.wait() for process in adding] == [0, 0]
    assert sorted(read_reference(reference).obs_names) == ["A", "B", "C", "D", "E"]
    assert describe_reference(reference)["version"] == 3


def test_compare_with_reference__sound_inside_and_apart_outside(reference):
    add_to_reference(batches(["D", "E", "F"], seed=1), reference)
    sound = compare_with_reference(batches(["new"], seed=2), reference).iloc[0]
    assert sound["inside_prediction"] == "yes"
    assert sound["smallest_p"] == pytest.approx(1 / 7)
    assert "smallest possible p is 1/7" in sound["words"]
    apart = compare_with_reference(batches(["new"], seed=2, spread=1.0), reference).iloc[0]
    assert apart["inside_prediction"] == "no"
    assert apart["rank_p"] == apart["smallest_p"]


def test_compare_with_reference__limits_come_from_the_reference_alone(reference):
    one = compare_with_reference(batches(["new"], seed=2), reference).iloc[0]
    other = compare_with_reference(batches(["new"], seed=3, spread=2), reference).iloc[0]
    assert one["prediction_lower"] == pytest.approx(other["prediction_lower"], abs=1e-12)


@pytest.mark.parametrize("k", [3, 5])
def test_compare_with_reference__null_misses_and_ranks_as_it_says(k, tmp_path):
    n_sets, n_new = 100, 30
    outside, lowest = [], []
    for seed in range(n_sets):
        rng = np.random.default_rng(seed)
        # Unlike each other in noise, as libraries are, but drawn alike.
        noise = rng.normal(size=(k + n_new, 200)) * rng.lognormal(-0.7, 0.3, (k + n_new, 1))
        drawn = batches([f"b{i}" for i in range(k + n_new)], n_genes=200)
        drawn.layers[keys.TPM] = 2 ** (rng.normal(6, 2, 200) + noise)
        path = tmp_path / f"{seed}.h5ad"
        add_to_reference(drawn[:k].copy(), path)
        table = compare_with_reference(drawn[k:].copy(), path)
        lower, upper = table["prediction_lower"], table["prediction_upper"]
        outside.append(1 - table["median_to_reference"].between(lower, upper).mean())
        lowest.append((table["rank_p"] == table["smallest_p"]).mean())
    # Batches of one reference set share its limits: errors are those between sets.
    error = 3 * np.std([outside, lowest], axis=1, ddof=1) / np.sqrt(n_sets)
    assert np.mean(outside) == pytest.approx(0.05, abs=error[0])
    assert error[0] < 0.05  # where partners were not allowed for, 12 to 17 % lay outside
    assert np.mean(lowest) <= 1 / (k + 1) + error[1]


def test_compare_with_reference__one_batch_is_not_assessable(tmp_path):
    path = tmp_path / "one.h5ad"
    add_to_reference(batches(["A"]), path)
    row = compare_with_reference(batches(["new"], seed=1), path).iloc[0]
    assert row["inside_prediction"] == "not assessable"
    assert np.isnan(row["prediction_lower"])
    assert "fewer than three reference batches" in row["reason"]


def test_reference__the_tool_gives_the_same_table(reference):
    expression = batches(["new", "other"], seed=2)
    lotwise.tl.reference(expression, path=reference)
    table = lotwise.get.evidence(expression, "reference")
    pd.testing.assert_frame_equal(table, compare_with_reference(expression, reference))
    assert table["batch"].tolist() == ["new", "other"]
    assert expression.uns[keys.LOTWISE][keys.PARAMETERS]["reference"]["path"] == str(reference)


def test_reference__faults_are_named_and_leave_the_set_as_it_was(reference, tmp_path):
    before = reference.read_bytes()
    with pytest.raises(InputError, match="holds the batch 'A' already"):
        add_to_reference(batches(["A"]), reference)
    with pytest.raises(InputError, match="has 500 features, 400 came, of which 400 are shared"):
        add_to_reference(batches(["D"], n_genes=400), reference)
    with pytest.raises(InputError, match="holds genes, isoforms came"):
        compare_with_reference(batches(["D"], level="isoform"), reference)
    with pytest.raises(InputError, match="no such reference set"):
        read_reference(tmp_path / "absent.h5ad")
    other = tmp_path / "other.h5ad"
    batches(["A"]).write_h5ad(other)
    with pytest.raises(InputError, match="is no reference set of lotwise"):
        add_to_reference(batches(["D"]), other)
    text = tmp_path / "text.h5ad"
    text.write_text("text")
    with pytest.raises(InputError, match="is no h5ad file"):
        read_reference(text)
    assert reference.read_bytes() == before


def test_command__add_show_compare(tmp_path):
    paths = {}
    for name, spread in (("first", 0.2), ("sound", 0.2), ("apart", 1.5)):
        folder = tmp_path / name
        folder.mkdir()
        paths[name] = folder / "gene.h5ad"
        names = ["A", "B", "C", "D"] if name == "first" else [name]
        batches(names, seed=len(name), spread=spread).write_h5ad(paths[name])
    stored, out = tmp_path / "reference.h5ad", tmp_path / "comparison.tsv"
    run = CliRunner()
    added = run.invoke(command, ["add", str(stored), str(paths["first"]), "--note", "release"])
    assert added.exit_code == 0, added.output
    assert "is now version 1" in added.output
    shown = run.invoke(command, ["show", str(stored)])
    assert "version 1: 4 batches, 500 genes" in shown.output
    assert "A, B, C, D (release)" in shown.output
    sound = run.invoke(command, ["compare", str(stored), str(paths["sound"]), "-o", str(out)])
    assert sound.exit_code == 0, sound.output
    assert "inside: yes" in sound.output
    assert out.read_text().startswith("batch\tmedian_to_reference\t")
    apart = run.invoke(command, ["compare", str(stored), str(paths["apart"])])
    assert isinstance(apart.exception, RefusedError)
    assert str(apart.exception) == "below the prediction interval: apart"
    assert apart.exception.exit_code == 1


def test_command__compare_with_too_few_batches_is_no_yes(tmp_path):
    stored, new = tmp_path / "reference.h5ad", tmp_path / "new.h5ad"
    add_to_reference(batches(["A", "B"]), stored)
    batches(["new", "other"], seed=1).write_h5ad(new)
    said = CliRunner().invoke(command, ["compare", str(stored), str(new)])
    assert isinstance(said.exception, RefusedError)
    assert str(said.exception) == "not assessable: new, other"
    assert said.exception.exit_code == 1
    assert "fewer than three reference batches" in said.output
