import dataclasses

import numpy as np
import pytest

from lotwise.config import Limits
from lotwise.errors import RefusedError
from lotwise.quantify import Abundance, judge_yields, require_usable
from lotwise.samples import Sample
from lotwise.simulate import Plan, simulate_counts, simulate_expression, simulate_transcriptome


def judge(abundances, **limits):
    samples = [Sample(sample=name, batch="A") for name in abundances]
    return judge_yields(
        samples,
        {name: abundance for name, (abundance, _) in abundances.items()},
        quantifier="kallisto",
        reads_present={name: present for name, (_, present) in abundances.items()},
        limits=Limits(**limits),
    )


def make(n_used=9_000, present=10_000, processed=None, tpm=(4e5, 6e5)):
    tpm = np.array(tpm, dtype=np.float64)
    processed = present if processed is None else processed
    names = [f"t{i}" for i in range(tpm.size)]
    abundance = Abundance(names=names, tpm=tpm, counts=tpm, n_processed=processed, n_used=n_used)
    return abundance, present


def test_judge_yields__sound_samples_pass():
    rows = judge({"a": make(), "b": make(n_used=8_000), "c": make(n_used=9_500)})
    assert [row.standing for row in rows] == ["passed"] * 3
    assert rows[0].share_used == pytest.approx(0.9)
    assert rows[0].depth_ratio == pytest.approx(9_000 / 8_750)
    assert rows[0].tpm_sum == pytest.approx(1e6)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"tpm": (np.nan, 1e6)}, "1 TPM are not a number"),
        ({"tpm": (0, 0)}, "all TPM are 0"),
        ({"tpm": (4e5, 4e5)}, "TPM sum to 800,000, but must sum to a million"),
        ({"processed": 9_999}, "10,000 reads are present, but 9,999 were processed"),
        ({"n_used": 900}, "900 of 10,000 reads are used, a fraction of 0.09, required >= 0.1"),
        ({"n_used": 0}, "0 reads are used, required >= 1,000"),
    ],
)
def test_judge_yields__refuses_and_says_why(bad, words):
    rows = judge({"a": make(), "bad": make(**bad), "c": make()})
    assert [row.standing for row in rows] == ["passed", "refused", "passed"]
    assert words in rows[1].reason
    with pytest.raises(RefusedError, match="1 quantification is refused: sample 'bad'"):
        require_usable(rows)


def test_judge_yields__a_small_library_beside_large_ones_is_named():
    rows = judge(
        {name: make(20_000_000, 25_000_000) for name in "abc"} | {"small": make(36_000, 40_000)}
    )
    assert rows[3].standing == "refused"
    assert (
        "36,000 reads are used, 0.0018 times the other samples' median (20,000,000)"
        in rows[3].reason
    )


def test_judge_yields__a_shallow_library_is_noted_and_usable():
    sound = make(90_000, 100_000)
    rows = judge({"a": sound, "b": sound, "shallow": make(7_200, 9_000)})
    assert [row.standing for row in rows] == ["passed", "passed", "noted"]
    assert rows[2].reason.startswith("shallow: 7,200 reads are used")
    require_usable(rows)


def test_judge_yields__one_sample_has_no_others():
    (row,) = judge({"a": make()})
    assert row.standing == "passed"
    assert np.isnan(row.depth_ratio)


def library_of(n_shown, *, n_reads, seed):
    """A library whose reads fall on the first ``n_shown`` of 2,000 isoforms of one abundance."""
    rng = np.random.default_rng(seed)
    counts = np.zeros(2_000)
    counts[:n_shown] = rng.multinomial(n_reads, np.full(n_shown, 1 / n_shown))
    return make(n_reads, n_reads + 100, tpm=counts / counts.sum() * 1e6), counts


def of_counts(library):
    (abundance, present), counts = library
    return dataclasses.replace(abundance, counts=counts), present


@pytest.mark.parametrize(
    ("share", "standing"), [(1.0, "passed"), (0.6, "noted"), (1 / 3, "refused")]
)
@pytest.mark.parametrize("n_reads", [20_000, 200_000])
def test_judge_yields__a_library_of_few_features_is_named(share, standing, n_reads):
    """Its reads cover a third of the features of the others, which the depth does not show."""
    others = {name: library_of(2_000, n_reads=20_000, seed=i) for i, name in enumerate("abc")}
    tested = library_of(int(2_000 * share), n_reads=n_reads, seed=9)
    rows = judge({name: of_counts(one) for name, one in (others | {"tested": tested}).items()})
    assert [row.standing for row in rows] == ["passed"] * 3 + [standing]
    assert rows[3].complexity_ratio == pytest.approx(share, abs=0.01)
    if standing != "passed":
        assert "low complexity: " in rows[3].reason
        assert " times the other samples' median (2,000)" in rows[3].reason


def test_judge_yields__a_shallow_library_of_all_features_is_not_of_low_complexity():
    """Each is thinned to the depth of the smallest before it is counted."""
    others = {name: library_of(2_000, n_reads=50_000, seed=i) for i, name in enumerate("abc")}
    shallow = library_of(2_000, n_reads=4_000, seed=9)
    rows = judge({name: of_counts(one) for name, one in (others | {"shallow": shallow}).items()})
    assert rows[3].complexity_ratio == pytest.approx(1, abs=0.02)
    assert rows[3].reason.startswith("shallow: ")


def test_judge_yields__the_bound_of_complexity_is_the_configured_one():
    others = {name: library_of(2_000, n_reads=20_000, seed=i) for i, name in enumerate("abc")}
    tested = library_of(1_000, n_reads=20_000, seed=9)
    libraries = {name: of_counts(one) for name, one in (others | {"tested": tested}).items()}
    assert judge(libraries, smallest_complexity_ratio=0.6)[3].standing == "refused"
    assert judge(libraries, noted_complexity_ratio=0.4)[3].standing == "passed"


@pytest.mark.parametrize("seed", range(5))
def test_judge_yields__every_failed_library_and_no_sound_one(seed):
    plan = Plan(n_genes=300, n_batches=6, n_replicates=2, faults={"lot4_rep2": "failed"})
    rng = np.random.default_rng(seed)
    transcriptome = simulate_transcriptome(rng, n_genes=plan.n_genes)
    expression = simulate_expression(transcriptome, plan, rng=rng)
    abundances = {}
    for name, true_tpm in zip(plan.samples, expression.tpm, strict=True):
        library = plan.library(name)
        counts = simulate_counts(true_tpm, transcriptome.lengths, library=library, rng=rng)
        tpm = counts / counts.sum() * 1e6
        abundances[name] = make(int(counts.sum()), library.n_fragments, tpm=tpm)
    standings = {row.sample: row.standing for row in judge(abundances)}
    assert standings.pop("lot4_rep2") == "refused"
    assert set(standings.values()) == {"passed"}


def test_limits__refuse_nonsense():
    with pytest.raises(ValueError, match="less than or equal to 1"):
        Limits(smallest_share_used=2.0)
