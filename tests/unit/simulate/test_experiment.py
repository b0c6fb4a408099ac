import filecmp

import numpy as np
import pandas as pd
import pytest

from lotwise.files.tables import read_table
from lotwise.samples import read_samples
from lotwise.simulate import Plan, simulate_experiment
from lotwise.simulate.truth import TrueGene, TrueSample


def simulate(directory, *, seed=1, form="quant", threads=1, **plan):
    return simulate_experiment(
        directory,
        rng=np.random.default_rng(seed),
        plan=Plan(**{"n_genes": 60, "n_fragments": 30_000, **plan}),
        form=form,
        threads=threads,
    )


def files_below(directory):
    return sorted(str(p.relative_to(directory)) for p in directory.rglob("*") if p.is_file())


@pytest.mark.parametrize("form", ["quant", "reads"])
def test_simulate_experiment__same_seed_same_bytes_whatever_the_threads(tmp_path, form):
    for name, threads in (("a", 1), ("b", 2)):
        simulate(tmp_path / name, form=form, threads=threads)
    names = files_below(tmp_path / "a")
    assert names == files_below(tmp_path / "b")
    _, differing, errors = filecmp.cmpfiles(tmp_path / "a", tmp_path / "b", names, shallow=False)
    assert (differing, errors) == ([], [])


def test_simulate_experiment__both_forms_have_the_same_truth(tmp_path):
    quant, reads = (
        simulate(tmp_path / form, form=form, n_de_genes=3) for form in ("quant", "reads")
    )
    for name in files_below(quant.truth):
        assert (quant.truth / name).read_bytes() == (reads.truth / name).read_bytes()


def test_simulate_experiment__quantifications_estimate_the_true_tpm(tmp_path):
    made = simulate(tmp_path, n_fragments=2_000_000)
    truth = pd.read_csv(made.truth / "isoform.tpm.tsv.gz", sep="\t", index_col=0)
    for sample in read_samples(made.samples):
        abundance = pd.read_csv(sample.quant / "abundance.tsv", sep="\t", index_col=0)
        assert list(abundance.columns) == ["length", "eff_length", "est_counts", "tpm"]
        assert abundance["tpm"].sum() == pytest.approx(1e6, rel=1e-4)
        estimated, true = (np.log2(x + 1) for x in (abundance["tpm"], truth[sample.sample]))
        assert np.corrcoef(estimated, true)[0, 1] > 0.999


def test_simulate_experiment__truth_names_what_was_planted(tmp_path):
    made = simulate(
        tmp_path,
        n_replicates=2,
        n_de_genes=4,
        n_switches=2,
        swapped=("lot1_rep1", "lot2_rep1"),
        faults={"lot3_rep2": "failed", "lot2_rep2": "degraded"},
    )
    samples = read_table(made.truth / "samples.tsv", TrueSample).set_index("sample")
    assert samples.loc["lot1_rep1", "carries"] == "lot2_rep1"
    assert samples["library"].value_counts().to_dict() == {"sound": 4, "failed": 1, "degraded": 1}
    assert samples.loc["lot3_rep2", "n_fragments"] == 3_000
    genes = read_table(made.truth / "genes.tsv", TrueGene)
    assert (genes["log2_fold"] != 0).sum() == 4
    assert genes["isoform_switch"].sum() == 2


def test_simulate_experiment__a_failed_library_has_few_counts(tmp_path):
    made = simulate(tmp_path, faults={"lot2_rep1": "failed"})
    totals = {
        sample.sample: pd.read_csv(sample.quant / "abundance.tsv", sep="\t")["est_counts"].sum()
        for sample in read_samples(made.samples)
    }
    assert totals["lot2_rep1"] <= 3_000
    assert totals["lot1_rep1"] > 25_000


def test_simulate_experiment__single_reads_say_how_long_their_fragments_are(tmp_path):
    sample = read_samples(simulate(tmp_path, form="reads", paired=False).samples)[0]
    assert sample.runs[0].fastq_2 is None
    assert (sample.fragment_length, sample.fragment_sd) == (220.0, 40.0)


def test_simulate_experiment__the_sheet_names_the_donors(tmp_path):
    one, two = (
        read_samples(simulate(tmp_path / name, female=female).samples)
        for name, female in (("one", ()), ("two", ("lot2",)))
    )
    assert [sample.donor for sample in one] == ["donor1"] * 3
    assert [sample.donor for sample in two] == ["donor1", "donor2", "donor1"]
