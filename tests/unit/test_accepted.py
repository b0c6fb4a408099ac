"""The stored set of accepted batches, and comparison of new batches with it."""

from __future__ import annotations

import hashlib
import json
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
from lotwise.accepted import (
    add_to_accepted,
    combine_with_accepted,
    describe_accepted,
    read_accepted,
    retire_from_accepted,
)
from lotwise.cli.accepted import command
from lotwise.errors import InputError, RefusedError, WiderLimitsWarning

pytestmark = pytest.mark.requirement("ACC-001", "ACC-002", "ACC-003", "EXP-002")


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
        layers={keys.TPM: tpm, keys.COUNTS: tpm * 20},
        uns={keys.LOTWISE: {keys.LEVEL: level}},
    )


def compare(new, path, least=3):
    lotwise.tl.accepted(new, path=path, least_batches=least)
    return lotwise.get.evidence(new, "reference")


@pytest.fixture
def accepted(tmp_path):
    path = tmp_path / "accepted.h5ad"
    add_to_accepted(batches(["A", "B", "C"]), path, note="first campaign")
    return path


@pytest.mark.filterwarnings("ignore:.*widens the limits")
def test_add_to_accepted__keeps_values_version_and_history(accepted, tmp_path):
    source = tmp_path / "gene.h5ad"
    source.write_bytes(b"as read")
    new = batches(["D"], seed=1, spread=0.1)
    assert add_to_accepted(new, accepted, source=source) == 2
    held = read_accepted(accepted)
    assert held.obs_names.to_list() == ["A: A", "B: B", "C: C", "D: D"]
    np.testing.assert_array_equal(
        held.layers[keys.TPM][:3], batches(["A", "B", "C"]).layers[keys.TPM]
    )
    found = describe_accepted(accepted)
    assert found["version"] == 2
    assert [entry["added"] for entry in found["history"]] == [["A", "B", "C"], ["D"]]
    assert found["history"][0]["note"] == "first campaign"
    assert found["history"][1]["sha256"] == hashlib.sha256(b"as read").hexdigest()


ADDER = """
import sys, time
from pathlib import Path
from lotwise import accepted as stored
from test_accepted import batches

path, name = Path(sys.argv[1]), sys.argv[2]
real = stored.read_accepted

def slowly(path):
    held = real(path)
    time.sleep(1)  # for the other process to read the same, if nothing keeps it from that
    return held

stored.read_accepted = slowly
stored.add_to_accepted(batches([name], seed=ord(name), spread=0.1), path)
"""


def test_add_to_accepted__two_processes_at_once_lose_no_batch(accepted):
    environment = {
        **os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])
    }  # fmt: skip
    adding = [
        subprocess.Popen([sys.executable, "-c", ADDER, str(accepted), name], env=environment)
        for name in ("D", "E")
    ]
    assert [process.wait() for process in adding] == [0, 0]
    assert sorted(read_accepted(accepted).obs["batch"]) == ["A", "B", "C", "D", "E"]
    assert describe_accepted(accepted)["version"] == 3


@pytest.mark.filterwarnings("ignore:.*widens the limits")
def test_accepted__sound_inside_and_apart_outside(accepted):
    add_to_accepted(batches(["D", "E", "F"], seed=1), accepted)
    sound = compare(batches(["new"], seed=2), accepted).iloc[0]
    assert sound["inside_prediction"] == "yes"
    assert sound["smallest_p"] == pytest.approx(1 / 7)
    assert "smallest possible p is 1/7" in sound["words"]
    apart = compare(batches(["new"], seed=2, spread=1.0), accepted).iloc[0]
    assert apart["inside_prediction"] == "no"
    assert apart["rank_p"] == apart["smallest_p"]


def test_accepted__limits_come_from_the_reference_alone(accepted):
    one = compare(batches(["new"], seed=2), accepted).iloc[0]
    other = compare(batches(["new"], seed=3, spread=2), accepted).iloc[0]
    assert one["prediction_lower"] == pytest.approx(other["prediction_lower"], abs=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("k", [3, 5])
def test_accepted__null_misses_and_ranks_as_it_says(k, tmp_path):
    # So many sets that the standard error of the rate is well below the 7 % to be distinguished.
    n_sets, n_new = 130, 8
    outside, lowest = [], []
    for seed in range(n_sets):
        rng = np.random.default_rng(seed)
        # Of different noise, as libraries are, but drawn in the same way.
        noise = rng.normal(size=(k + n_new, 200)) * rng.lognormal(-0.7, 0.3, (k + n_new, 1))
        drawn = batches([f"b{i}" for i in range(k + n_new)], n_genes=200)
        drawn.layers[keys.TPM] = 2 ** (rng.normal(6, 2, 200) + noise)
        drawn.layers[keys.TPM] *= 1e6 / drawn.layers[keys.TPM].sum(axis=1, keepdims=True)
        drawn.layers[keys.COUNTS] = drawn.layers[keys.TPM] * 1e4
        path = tmp_path / f"{seed}.h5ad"
        add_to_accepted(drawn[:k].copy(), path)
        table = compare(drawn[k:].copy(), path)
        lower, upper = table["prediction_lower"], table["prediction_upper"]
        outside.append(1 - table["median_to_reference"].between(lower, upper).mean())
        lowest.append((table["rank_p"] == table["smallest_p"]).mean())
    # Batches of one reference set share its limits, so standard errors are between sets.
    error = 3 * np.std([outside, lowest], axis=1, ddof=1) / np.sqrt(n_sets)
    assert np.mean(outside) == pytest.approx(0.05, abs=error[0])
    assert error[0] < 0.05  # without the correction for shared partners 12 to 17 % were outside
    assert np.mean(lowest) <= 1 / (k + 1) + error[1]


def test_accepted__one_batch_is_not_assessable(tmp_path):
    path = tmp_path / "one.h5ad"
    add_to_accepted(batches(["A"]), path)
    row = compare(batches(["new"], seed=1), path).iloc[0]
    assert row["inside_prediction"] == "not assessable"
    assert np.isnan(row["prediction_lower"])
    assert "at least three reference batches" in row["reason"]


def test_accepted__is_what_the_batches_would_give_together(accepted):
    expression = batches(["new", "other"], seed=2)
    table = compare(expression, accepted)
    assert table["batch"].tolist() == ["new", "other"]
    assert expression.uns[keys.LOTWISE][keys.PARAMETERS]["reference"]["path"] == str(accepted)
    together = combine_with_accepted(read_accepted(accepted), expression[:1].copy(), accepted)
    lotwise.tl.batches(together)
    last = lotwise.get.evidence(together, "batches").iloc[-1]
    first = table.iloc[0]
    for name in ("prediction_lower", "tolerance_lower", "rank_p", "depth", "words"):
        assert first[name] == last[name]
    assert first["median_to_reference"] == last["median_to_others"]


def test_accepted__depth_and_number_of_replicates_do_not_decide(tmp_path):
    """A sound batch of one sample at a quarter of the depth is inside."""
    rng = np.random.default_rng(3)
    truth = rng.lognormal(3, 2, 3000)
    names = [f"L{i}" for i in range(6) for _ in range(3)] + ["new"]
    share = truth * rng.lognormal(0, 0.15, (len(names), truth.size))
    share /= share.sum(axis=1, keepdims=True)
    depth = np.array([4e5] * 18 + [1e5])
    counts = rng.poisson(share * depth[:, None]).astype(float)
    made = batches([f"s{i}" for i in range(len(names))], n_genes=3000)
    made.obs[keys.BATCH] = pd.Categorical(names)
    made.layers[keys.COUNTS] = counts
    per_base = counts / rng.uniform(500, 3000, truth.size)
    made.layers[keys.TPM] = per_base / per_base.sum(axis=1, keepdims=True) * 1e6
    path = tmp_path / "accepted.h5ad"
    add_to_accepted(made[:18].copy(), path)
    row = compare(made[18:].copy(), path).iloc[0]
    assert row["inside_prediction"] == "yes"
    assert row["depth"] == counts[18].sum()
    assert "all libraries were thinned to" in row["words"]
    raw = np.corrcoef(np.log2(made.layers[keys.TPM] + 1))
    assert np.median(raw[18, :18]) < raw[:18, :18].min()  # without thinning it would be the lowest


def test_accepted__without_counts_is_not_assessable(tmp_path):
    made = batches([*"ABCDE"])
    del made.layers[keys.COUNTS]
    path = tmp_path / "accepted.h5ad"
    add_to_accepted(made[:4].copy(), path)
    row = compare(made[4:].copy(), path).iloc[0]
    assert row["inside_prediction"] == "not assessable"
    assert "is unknown (no counts)" in row["reason"]
    assert np.isfinite(row["median_to_reference"])


def test_accepted__compares_like_with_like(tmp_path):
    made = batches([f"{batch}{of}" for batch in "ABCDE" for of in "xy"])
    made.obs[keys.BATCH] = pd.Categorical([name[0] for name in made.obs_names])
    made.obs[keys.CONDITION] = [name[1] for name in made.obs_names]
    path = tmp_path / "accepted.h5ad"
    add_to_accepted(made[:8].copy(), path)
    new = made[8:].copy()
    new.obs[keys.CONDITION] = ["x", "z"]
    table = compare(new, path)
    assert table["n_reference"].tolist() == [4, 0]
    assert table["reason"].tolist() == ["", "no accepted batch has condition 'z'"]


def test_read_accepted__a_set_of_0_1_is_read_and_refuses_limits(tmp_path):
    """Version 0.1 kept averages of batches, named by batch, without counts."""
    old = batches([*"ABCD"])
    del old.layers[keys.COUNTS]
    old.obs = pd.DataFrame(
        {keys.BATCH: [*"ABCD"], keys.N_SAMPLES: [2, 2, 2, 2]}, index=old.obs_names
    )
    kept = {"version": 1, "history": [{"added": [*"ABCD"]}]}
    old.uns[keys.LOTWISE]["reference"] = json.dumps(kept)
    path = tmp_path / "old.h5ad"
    old.write_h5ad(path)
    assert describe_accepted(path)["batches"] == [*"ABCD"]
    row = compare(batches(["new"], seed=1), path).iloc[0]
    assert row["inside_prediction"] == "not assessable"
    assert "the depth of A: A, B: B, C: C, D: D is unknown" in row["reason"]
    assert add_to_accepted(batches(["E"], seed=1), path) == 2


def test_accepted__faults_are_named_and_leave_the_set_as_it_was(accepted, tmp_path):
    before = accepted.read_bytes()
    with pytest.raises(InputError, match="already contains batch 'A'"):
        add_to_accepted(batches(["A"]), accepted)
    with pytest.raises(
        InputError, match="has 500 features and the new batches have 400; 400 are in both"
    ):
        add_to_accepted(batches(["D"], n_genes=400), accepted)
    with pytest.raises(InputError, match="contains genes, but the new batches have isoforms"):
        compare(batches(["D"], level="isoform"), accepted)
    with pytest.raises(InputError, match="no such accepted set"):
        read_accepted(tmp_path / "absent.h5ad")
    other = tmp_path / "other.h5ad"
    batches(["A"]).write_h5ad(other)
    with pytest.raises(InputError, match="is not an accepted set of lotwise"):
        add_to_accepted(batches(["D"]), other)
    text = tmp_path / "text.h5ad"
    text.write_text("text")
    with pytest.raises(InputError, match="is not an h5ad file"):
        read_accepted(text)
    assert accepted.read_bytes() == before


def test_command__add_show_compare(tmp_path):
    paths = {}
    for name, spread in (("first", 0.2), ("sound", 0.2), ("apart", 1.5)):
        folder = tmp_path / name
        folder.mkdir()
        paths[name] = folder / "gene.h5ad"
        names = [*"ABCDEF"] if name == "first" else [name]
        batches(names, seed=len(paths), spread=spread).write_h5ad(paths[name])
    stored, out = tmp_path / "accepted.h5ad", tmp_path / "comparison.tsv"
    run = CliRunner()
    added = run.invoke(command, ["add", str(stored), str(paths["first"]), "--note", "release"])
    assert added.exit_code == 0, added.output
    assert "is now version 1" in added.output
    shown = run.invoke(command, ["show", str(stored)])
    assert "version 1: 6 batches, 500 genes" in shown.output
    assert "A, B, C, D, E, F (release)" in shown.output
    sound = run.invoke(command, ["compare", str(stored), str(paths["sound"]), "-o", str(out)])
    assert sound.exit_code == 0, sound.output
    assert "inside: yes" in sound.output
    assert out.read_text().startswith("batch\tcondition\tdepth\tmedian_to_reference\t")
    apart = run.invoke(command, ["compare", str(stored), str(paths["apart"])])
    assert isinstance(apart.exception, RefusedError)
    assert str(apart.exception) == "below the prediction interval: apart"
    assert apart.exception.exit_code == 1


def test_accepted__fewer_than_six_batches_are_no_answer(accepted):
    row = compare(batches(["new"], seed=2), accepted, least=6).iloc[0]
    assert row["inside_prediction"] == "not assessable"
    assert row["reason"].startswith(
        "this condition has 3 accepted batches, but the comparison needs at least 6"
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda tpm: tpm / 1000, "TPM sum to 1,000, not 1,000,000"),
        (lambda tpm: tpm * 0, "every TPM is 0"),
        (lambda tpm: np.where(tpm == tpm.max(), np.nan, tpm), "NaN|nan|no number"),
        (lambda tpm: np.where(tpm == tpm.max(), -1, tpm), "negative|-1"),
    ],
)
def test_add_to_accepted__is_checked_like_any_input(accepted, change, words):
    new = batches(["D"], seed=1)
    new.layers[keys.TPM] = change(new.layers[keys.TPM])
    with pytest.raises(InputError, match=words):
        add_to_accepted(new, accepted)


def test_accepted__another_unit_than_tpm_is_refused(accepted):
    new = batches(["D"], seed=1)
    new.uns.setdefault(keys.LOTWISE, {})[keys.UNIT] = "CPM"
    why = "a set of accepted batches needs TPM, but the numbers are CPM; give TPM"
    with pytest.raises(InputError, match=why):
        add_to_accepted(new, accepted)
    with pytest.raises(InputError, match=why):
        lotwise.tl.accepted(new, path=accepted)


def test_add_to_accepted__a_copy_under_another_name_is_refused(accepted):
    new = batches(["A", "B", "C"])[:1].copy()
    new.obs[keys.BATCH] = pd.Categorical(["D"])
    with pytest.raises(InputError, match="D: A has the same TPM as A: A, so it is a copy"):
        add_to_accepted(new, accepted)


def test_add_to_accepted__says_where_limits_become_wider(accepted):
    with pytest.warns(WiderLimitsWarning, match="the addition widens the limits"):
        add_to_accepted(batches(["D"], seed=1, spread=2), accepted)


def test_read_accepted__an_edited_row_is_found(accepted):
    stored = read_accepted(accepted)
    stored.layers[keys.TPM][0] *= 2
    stored.write_h5ad(accepted)
    with pytest.raises(
        InputError, match="was edited: names or values differ from those of version 1"
    ):
        compare(batches(["new"], seed=1), accepted)


@pytest.mark.parametrize("kept", ["{", "[]", '{"version": 1}', '{"version": 1, "history": [1]}'])
def test_read_accepted__a_damaged_history_is_one_line(accepted, kept):
    stored = read_accepted(accepted)
    stored.uns[keys.LOTWISE]["reference"] = kept
    stored.write_h5ad(accepted)
    with pytest.raises(InputError, match="is damaged: its history cannot be read"):
        read_accepted(accepted)


@pytest.mark.filterwarnings("ignore:.*widens the limits")
def test_read_accepted__an_edited_history_is_found(accepted):
    add_to_accepted(batches(["D"], seed=1, spread=0.1), accepted)
    stored = read_accepted(accepted)
    kept = json.loads(stored.uns[keys.LOTWISE]["reference"])
    kept["history"][0]["note"] = "approved"
    stored.uns[keys.LOTWISE]["reference"] = json.dumps(kept)
    stored.write_h5ad(accepted)
    with pytest.raises(InputError, match="its history was edited: version 2"):
        read_accepted(accepted)


def test_retire_from_accepted__takes_a_batch_out_with_its_reason(accepted):
    assert retire_from_accepted(accepted, "B", reason="old process") == 2
    found = describe_accepted(accepted)
    assert found["batches"] == ["A", "C"]
    assert (found["history"][1]["retired"], found["history"][1]["note"]) == (["B"], "old process")
    for batch, reason, words in (
        ("B", "r", "has no batch 'B'"),
        ("A", " ", "give a reason for retiring a batch"),
    ):
        with pytest.raises(InputError, match=words):
            retire_from_accepted(accepted, batch, reason=reason)


def test_command__compare_with_too_few_batches_is_no_yes(tmp_path):
    stored, new = tmp_path / "accepted.h5ad", tmp_path / "new.h5ad"
    add_to_accepted(batches(["A", "B"]), stored)
    batches(["new", "other"], seed=1).write_h5ad(new)
    said = CliRunner().invoke(command, ["compare", str(stored), str(new)])
    assert isinstance(said.exception, RefusedError)
    assert str(said.exception) == "not assessable: new, other"
    assert said.exception.exit_code == 1
    assert "at least three reference batches" in said.output
