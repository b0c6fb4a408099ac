"""Comparisons that say nothing about batches are reported and recorded."""

from __future__ import annotations

import json
import re
import shutil
import warnings

import numpy as np
import pandas as pd
import pytest

import lotwise
from lotwise import keys
from lotwise.errors import (
    InputError,
    InvalidComparisonWarning,
    LotwiseWarning,
    SharedFeaturesWarning,
)
from lotwise.expression import read_level, write_level
from lotwise.expression.comparability import invalid_comparisons
from lotwise.samples import Sample

# anndata 0.13 asks pandas 3 for it; pytest.warns hands the warning on without its module.
pytestmark = pytest.mark.filterwarnings("ignore:The 'future.infer_string' option")

SALMON_INFO = {"salmon_version": "1.10.0", "index_seq_hash": "a1b2"}


def write_map(files):
    rows = list(zip(files.transcripts, files.genes, strict=True))
    return files.text("tx2gene.tsv", ["transcript", "gene"], rows)


def salmon(files, name, *, seed, info=SALMON_INFO, command=None):
    """One salmon run with its logs; every seed is another library."""
    files.tpm, files.counts = files.draw(np.random.default_rng(seed))
    path = files.salmon(f"{name}/quant.sf")
    (path.parent / "aux_info").mkdir(exist_ok=True)
    (path.parent / "aux_info" / "meta_info.json").write_text(json.dumps(info))
    (path.parent / "cmd_info.json").write_text(json.dumps(command or {"index": "x"}))
    return path


def kallisto(files, name, *, seed, run):
    files.tpm, files.counts = files.draw(np.random.default_rng(seed))
    path = files.kallisto(f"{name}/abundance.tsv")
    (path.parent / "run_info.json").write_text(json.dumps(run))
    return path


def found_in(quants, files):
    """Read, and return the findings with their warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        gene, isoform = lotwise.read_quant(quants, tx2gene=write_map(files))
    told = [str(w.message) for w in caught if w.category is InvalidComparisonWarning]
    found = invalid_comparisons(isoform)
    assert [one.sentence for one in found] == told
    assert invalid_comparisons(gene) == found
    return found


def test_judge__libraries_of_one_program_are_comparable(files):
    quants = {name: salmon(files, name, seed=i) for i, name in enumerate(("S1", "S2", "S3"))}
    assert found_in(quants, files) == ()


def test_judge__copies_in_other_files(files):
    quants = {name: salmon(files, name, seed=i) for i, name in enumerate(("S1", "S2", "S3"))}
    shutil.copy(quants["S1"], quants["S3"])
    [one] = found_in(quants, files)
    assert one.code == "copies"
    assert re.match(r"samples 'S1' and 'S3' .* have identical values .* by construction", one[1])


def test_judge__a_rounded_copy_is_a_copy(files):
    first = salmon(files, "S1", seed=1)
    files.tpm = np.round(files.tpm, 2)
    quants = {"S1": first, "S2": files.salmon("S2/quant.sf")}
    assert [one.code for one in found_in(quants, files)] == ["copies"]


def test_judge__samples_that_have_reads_in_common():
    rng = np.random.default_rng(7)
    share = rng.lognormal(3, 1.5, 800)
    counts = rng.poisson(1e6 * share / share.sum(), (3, share.size)).astype(float)
    counts[2] = rng.binomial(counts[0].astype(int), 0.5)
    names, genes = ["S1", "S2", "S3"], [f"g{at}" for at in range(share.size)]
    table = pd.DataFrame(counts, index=names, columns=genes)
    tpm = table.div(table.sum(axis=1), axis=0) * 1e6 * (1 + 1e-4 * np.arange(share.size))
    tpm = tpm.div(tpm.sum(axis=1), axis=0) * 1e6
    with pytest.warns(InvalidComparisonWarning, match="'S1' and 'S3' .*have reads in common"):
        gene, _ = lotwise.from_frame(tpm, counts=table, level="gene")
    assert [one.code for one in invalid_comparisons(gene)] == ["shared_reads"]


def test_judge__a_copy_with_other_order_of_rows(files):
    first = salmon(files, "S1", seed=1)
    header, *lines = first.read_text().splitlines()
    second = files.folder / "turned.sf"
    second.write_text("\n".join([header, *lines[::-1]]) + "\n")
    assert [one.code for one in found_in({"S1": first, "S2": second}, files)] == ["copies"]


def test_judge__one_file_of_two_samples(files):
    path = salmon(files, "S1", seed=1)
    [one] = found_in({"S1": path, "S2": path}, files)
    assert one.code == "copies"
    assert "are read from the same file" in one.sentence


def test_judge__two_columns_of_a_matrix_that_are_copies(files):
    tpm = files.draw(np.random.default_rng(3))[0]
    rows = [(name, value, value) for name, value in zip(files.genes[::2], tpm[::2], strict=True)]
    total = sum(row[1] for row in rows)
    rows = [(name, a / total * 1e6, b / total * 1e6) for name, a, b in rows]
    path = files.text("m.tsv", ["gene", "S1", "S2"], rows)
    with pytest.warns(InvalidComparisonWarning, match="have identical values"):
        lotwise.read_quant({"S1": path, "S2": path})


@pytest.mark.parametrize(
    ("conditions", "named"),
    [
        ("cct", r"S3 \(condition 't' of batch 'S3'\) is compared with no other batch"),
        (["c", "c", ""], r"S3 \(no condition, batch 'S3'\) is compared with no other batch"),
        ("cde", "S1, S2, S3 .* are compared with no other batch"),
        ("ccc", None),
    ],
)
def test_judge__a_sample_whose_condition_no_other_batch_has(files, conditions, named):
    samples = [
        Sample(sample=name, batch=name, condition=condition, quant=salmon(files, name, seed=at))
        for at, (name, condition) in enumerate(zip(("S1", "S2", "S3"), conditions, strict=True))
    ]
    found = found_in(samples, files)
    assert [one.code for one in found] == ([] if named is None else ["not_compared"])
    assert named is None or re.match(named, found[0].sentence)


def test_judge__samples_of_one_batch_lack_no_counterpart(files):
    samples = [
        Sample(sample=name, batch="A", quant=salmon(files, name, seed=at))
        for at, name in enumerate(("S1", "S2"))
    ]
    assert found_in(samples, files) == ()


@pytest.mark.parametrize(("share", "codes"), [(0.09, ["few_reads_used"]), (0.11, [])])
@pytest.mark.parametrize("program", [salmon, kallisto])
def test_judge__few_reads_of_a_sample_were_quantified(files, program, share, codes):
    quants = {}
    for seed, name in enumerate(("S1", "S2")):
        key = "run" if program is kallisto else "info"
        program(files, name, seed=seed, **{key: {}})
        n_reads = int(files.counts.sum() / (share if name == "S2" else 0.9))
        word = "n_processed" if program is kallisto else "num_processed"
        quants[name] = program(files, name, seed=seed, **{key: {word: n_reads}})
    found = found_in(quants, files)
    assert [one.code for one in found] == codes
    assert not codes or re.search(r"less than 10 % .* in S2 \(9 %\)", found[0].sentence)


def test_judge__programs_are_mixed(files):
    quants = {
        "S1": salmon(files, "S1", seed=1),
        "S2": kallisto(files, "S2", seed=2, run={"kallisto_version": "0.50.1"}),
    }
    [one] = found_in(quants, files)
    assert one.code == "mixed_programs"
    assert "they differ between batches (salmon: S1; kallisto: S2)" in one.sentence


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"salmon_version": "0.14.1"}, "mixed_versions", "salmon 1.10.0: S1; salmon 0.14.1: S2"),
        ({"index_seq_hash": "ffff"}, "mixed_references", "index of sequences a1b2: S1"),
    ],
)
def test_judge__salmon_runs_differ(files, change, code, words):
    quants = {
        "S1": salmon(files, "S1", seed=1),
        "S2": salmon(files, "S2", seed=2, info=SALMON_INFO | change),
    }
    [one] = found_in(quants, files)
    assert one.code == code
    assert words in one.sentence


def test_judge__salmon_options_differ(files):
    quants = {
        "S1": salmon(files, "S1", seed=1, command={"gcBias": []}),
        "S2": salmon(files, "S2", seed=2),
    }
    [one] = found_in(quants, files)
    assert one.code == "mixed_options"
    assert "--gcBias: S1; none: S2" in one.sentence


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"kallisto_version": "0.46.2"}, "mixed_versions"),
        ({"n_targets": 13}, "mixed_references"),
        ({"call": "kallisto quant --bias -i x a b"}, "mixed_options"),
    ],
)
def test_judge__kallisto_runs_differ(files, change, code):
    run = {"kallisto_version": "0.50.1", "n_targets": 12, "call": "kallisto quant -i x a b"}
    quants = {
        "S1": kallisto(files, "S1", seed=1, run=run),
        "S2": kallisto(files, "S2", seed=2, run=run | change),
    }
    assert [one.code for one in found_in(quants, files)] == [code]


@pytest.mark.parametrize("text", ["", "[]", "{", "\xff"])
def test_judge__a_damaged_log_says_nothing(files, text):
    first, second = (salmon(files, f"S{i}", seed=i) for i in (1, 2))
    for path in (first.parent / "cmd_info.json", first.parent / "aux_info" / "meta_info.json"):
        path.write_bytes(text.encode("latin-1"))
    assert found_in({"S1": first, "S2": second}, files) == ()


def test_invalid_comparisons__are_kept_in_the_file(files, tmp_path):
    path = salmon(files, "S1", seed=1)
    with pytest.warns(InvalidComparisonWarning):
        gene, _ = lotwise.read_quant({"S1": path, "S2": path}, tx2gene=write_map(files))
    write_level(gene, tmp_path)
    again = read_level(tmp_path / "gene.h5ad")
    assert invalid_comparisons(again) == invalid_comparisons(gene) != ()
    assert list(again.uns[keys.LOTWISE][keys.INVALID].columns) == ["code", "sentence"]


def test_invalid_meanings__has_a_sentence_for_each_code():
    assert set(keys.INVALID_MEANINGS) == set(keys.InvalidCode.__args__)


def rsem(files, name, *, seed, of=None):
    """RSEM's two files of one run; ``of`` is another run, whose genes file is beside them."""
    files.tpm, files.counts = files.draw(np.random.default_rng(seed))
    files.rsem_isoforms(f"{name}/{name}.isoforms.results")
    if of is not None:
        files.tpm, files.counts = files.draw(np.random.default_rng(of))
    files.rsem_genes(f"{name}/{name}.genes.results")
    return files.folder / name


def test_judge_levels__files_of_one_run_belong_together(files):
    quants = {name: rsem(files, name, seed=i) for i, name in enumerate(("S1", "S2"))}
    assert found_in(quants, files) == ()


def test_judge_levels__genes_of_another_run(files):
    quants = {"S1": rsem(files, "S1", seed=1, of=9), "S2": rsem(files, "S2", seed=2)}
    [one] = found_in(quants, files)
    assert one.code == "levels_disagree"
    assert re.match(
        r"sample 'S1': \d+ of 6 genes are not the sum .* are from different runs", one[1]
    )


def test_judge_levels__genes_of_another_annotation(files):
    quants = {name: rsem(files, name, seed=i) for i, name in enumerate(("S1", "S2"))}
    for name, quant in quants.items():
        path = quant / f"{name}.genes.results"
        path.write_text(path.read_text().replace(files.genes[0], "ENSG99999999999.1"))
    found = found_in(quants, files)
    assert [one.code for one in found] == ["levels_disagree"] * 2
    assert "1 of 6 genes are not the sum" in found[0].sentence


def test_judge_organisms__human_and_mouse_in_one_index(files):
    names = [n.replace("ENST", "ENSMUST") if i % 3 else n for i, n in enumerate(files.transcripts)]
    quants = {}
    for seed, name in enumerate(("S1", "S2")):
        files.tpm, files.counts = files.draw(np.random.default_rng(seed))
        quants[name] = files.salmon(f"{name}.sf", names=names)
    with pytest.warns(InvalidComparisonWarning, match=r"organisms \(8 of mouse, 4 of human\)"):
        lotwise.read_quant(quants, tx2gene=files.text(
            "map.tsv", ["tx", "gene"], list(zip(names, files.genes, strict=True))))  # fmt: skip


def versions(names):
    return [f"{name.partition('.')[0]}.9" for name in names]


@pytest.mark.parametrize("changed", [slice(0, 3), slice(None)])
def test_align_features__versions_differ_between_samples(files, changed):
    first = salmon(files, "S1", seed=1)
    names = list(files.transcripts)
    names[changed] = versions(names[changed])
    files.tpm, files.counts = files.draw(np.random.default_rng(2))
    second = files.salmon("S2.sf", names=names)
    with pytest.warns(
        SharedFeaturesWarning, match=r"up to [\d.]+ % of the TPM of a sample would not"
    ):
        _, isoform = lotwise.read_quant({"S1": first, "S2": second}, tx2gene=write_map(files))
    assert isoform.var_names.to_list() == files.transcripts
    np.testing.assert_allclose(isoform.layers["tpm"][1], files.tpm)


def test_align_features__tpm_that_is_lost_is_told_and_kept(files):
    first = salmon(files, "S1", seed=1)
    files.tpm, files.counts = files.draw(np.random.default_rng(2))
    lost = int(np.argmax(files.tpm))
    names = list(files.transcripts)
    names[lost] = "ENST00000999999.1"
    second = files.salmon("S2.sf", names=names)
    with (
        pytest.warns(
            SharedFeaturesWarning, match=r"the other features have up to [\d.]+ % of the TPM"
        ),
        pytest.warns(InvalidComparisonWarning, match="the other features have"),
    ):
        _, isoform = lotwise.read_quant(
            {"S1": first, "S2": second}, tx2gene=write_map(files), min_shared=0.5
        )
    [one] = invalid_comparisons(isoform)
    assert one.code == "mixed_references"


def test_read_quant__two_programs_in_one_folder_are_refused(files):
    files.salmon("S1/quant.sf")
    files.kallisto("S1/abundance.tsv")
    words = r"output of two programs: quant\.sf of salmon and abundance\.tsv of kallisto"
    with pytest.raises(InputError, match=words):
        lotwise.read_quant({"S1": files.folder / "S1", "S2": files.folder / "S1"})


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("1-Mar", "dates"),
        ("Sep-02", "dates"),
        ("2023-03-01", "dates"),
        ("2.31E+19", "numbers with an exponent"),
        ("653630.0", "decimal numbers"),
    ],
)
def test_read_quant__names_that_a_program_altered_are_told(files, name, kind):
    rows = [(name, 5e5, 4e5), ("GAPDH", 3e5, 3e5), ("ACTB", 2e5, 3e5)]
    path = files.text("m.tsv", ["gene", "S1", "S2"], rows)
    with pytest.warns(LotwiseWarning, match=rf"1 features are {kind} \({re.escape(name)}\): a "):
        lotwise.read_quant({"S1": path, "S2": path}, matrix_level="gene")
