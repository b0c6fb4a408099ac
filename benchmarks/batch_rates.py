"""How often a sound batch is outside the limits of k reference batches, or lowest of k + 1.

    python benchmarks/batch_rates.py

Sound sets: one true expression of 300 features (sd 2), k + 1 batches of normal noise whose
sd is 0.5 times a lognormal factor of log-sd ``spread``; with ``groups`` the batches fall at random
into two groups that differ (sd 0.5). Printed are the shares below and above the 95 % prediction
interval, those of a rank p of 1 / (k + 1), and how often the 95 %/95 % tolerance interval held 95 %
of 200 further batches.

    python benchmarks/batch_rates.py --power

What the lower limit can refuse: the median of that limit over the sets, and the share of batches
below it whose noise has 4, 10 and 30 times the variance of a sound one.

    python benchmarks/batch_rates.py --scales

The scale of the limits: the log of what each batch adds to -ln R, as lotwise has it, beside
Fisher's z of the medians to the others. Noise has such a sd that R of two sound batches is ``r``;
its values are normal or, ``t3``, have Student's distribution with 3 degrees of freedom. Printed are
the shares of sound batches below and outside the limits, and of batches below whose noise has 10
times the variance.
"""

from __future__ import annotations

import sys

import numpy as np
from scipy.special import stdtrit

from lotwise.metrics.batches import rank_p, reference_interval

N_SETS, N_FEATURES, N_FURTHER = 1000, 300, 200
KINDS = {"equal": (0.0, False), "lognormal .3": (0.3, False), "lognormal .6": (0.6, False)}
KINDS["groups"] = (0.3, True)
N_OF_POWER, TIMES = 400, (1, 4, 10, 30)
N_OF_SCALES = 1500


def main() -> None:
    print("noise\tk\tbelow\tabove\toutside\tlowest\tnominal\ttolerance_held")
    for kind, (spread, groups) in KINDS.items():
        for k in (3, 4, 5, 6, 8, 15, 30):
            found = [
                _one_set(k, spread, groups=groups, rng=np.random.default_rng(seed))
                for seed in range(N_SETS)
            ]
            below, above, lowest, held = np.mean(found, axis=0)
            rates = (below, above, below + above, lowest, 1 / (k + 1), held)
            print(kind, k, *(f"{rate:.3f}" for rate in rates), sep="\t", flush=True)


def _one_set(
    k: int, spread: float, *, groups: bool, rng: np.random.Generator
) -> tuple[float, float, float, float]:
    n = k + N_FURTHER
    samples = rng.normal(0, 2, N_FEATURES) + rng.normal(size=(n, N_FEATURES)) * (
        0.5 * rng.lognormal(0, spread, (n, 1))
    )
    if groups:
        samples += rng.normal(0, 0.5, (2, N_FEATURES))[rng.integers(2, size=n)]
    standard = samples - samples.mean(axis=1, keepdims=True)
    standard /= np.linalg.norm(standard, axis=1, keepdims=True)
    r = standard[: k + 1] @ standard[: k + 1].T
    limits = reference_interval(r[:k, :k])
    medians = np.median(standard[k:] @ standard[:k].T, axis=1)
    inside = (medians >= limits.tolerance_lower) & (medians <= limits.tolerance_upper)
    return (
        float(medians[0] < limits.prediction_lower),
        float(medians[0] > limits.prediction_upper),
        float(rank_p(r, batch=k).rank == 1),
        float(np.mean(inside) >= 0.95),
    )


def power() -> None:
    print("log_sd\tk\tlower_limit", *(f"times_{times}" for times in TIMES), sep="\t")
    for spread in (0.1, 0.3, 0.6):
        for k in (3, 4, 5, 6, 8, 15):
            found = [
                _below(k, spread, rng=np.random.default_rng(seed)) for seed in range(N_OF_POWER)
            ]
            limit = np.median([lower for lower, _ in found])
            shares = np.mean([below for _, below in found], axis=0)
            print(spread, k, *(f"{one:.3f}" for one in (limit, *shares)), sep="\t", flush=True)


def _below(k: int, spread: float, *, rng: np.random.Generator) -> tuple[float, list[bool]]:
    """Return the lower limit of k batches, and whether noisier ones lie below it."""
    times = np.r_[np.ones(k), TIMES][:, None]
    noise = 0.5 * np.sqrt(times) * rng.lognormal(0, spread, times.shape)
    samples = rng.normal(0, 2, N_FEATURES) + noise * rng.normal(size=(len(times), N_FEATURES))
    r = np.corrcoef(samples)
    limit = reference_interval(r[:k, :k]).prediction_lower
    return limit, (np.median(r[k:, :k], axis=1) < limit).tolist()


def scales() -> None:
    names = [
        f"{what}_{scale}" for scale in ("log_e", "z") for what in ("below", "outside", "noisy")
    ]
    print("noise\tlog_sd\tr\tk", *names, sep="\t")
    for noise in ("normal", "t3"):
        for spread in (0, 0.1, 0.2, 0.3, 0.6):
            for r in (0.90, 0.98, 0.995):
                for k in (3, 4, 6, 10):
                    found = [
                        _on_both_scales(noise, spread, r, k, np.random.default_rng((seed, k, 7)))
                        for seed in range(N_OF_SCALES)
                    ]
                    rates = (f"{rate:.3f}" for rate in np.mean(found, axis=0))
                    print(noise, spread, r, k, *rates, sep="\t", flush=True)


def _on_both_scales(
    noise: str, spread: float, r: float, k: int, rng: np.random.Generator
) -> list[bool]:
    """Return for each scale: below, outside, and noisy batch below."""
    sds = 2 * np.sqrt((1 - r) / r) * np.sqrt(np.r_[np.ones(k + 1), 4, 10])[:, None]
    truth, factors = rng.normal(0, 2, N_FEATURES), rng.lognormal(0, spread, (k + 3, 1))
    shape = (k + 3, N_FEATURES)
    drawn = rng.standard_t(3, shape) / 3**0.5 if noise == "t3" else rng.normal(size=shape)
    found = np.corrcoef(truth + sds * factors * drawn)
    limits = reference_interval(found[:k, :k])
    to_others = np.arctanh([np.median(np.delete(found[i, :k], i)) for i in range(k)])
    reach = stdtrit(k - 1, 0.975) * np.sqrt(1 + 1 / k) * to_others.std(ddof=1)
    sound, _, noisy = np.median(found[k:, :k], axis=1)
    told = []
    for lower, upper in (
        (limits.prediction_lower, limits.prediction_upper),
        np.tanh(to_others.mean() + np.array([-reach, reach])),
    ):
        told += [bool(sound < lower), not lower <= sound <= upper, bool(noisy < lower)]
    return told


if __name__ == "__main__":
    if "--scales" in sys.argv[1:]:
        scales()
    elif "--power" in sys.argv[1:]:
        power()
    else:
        main()
