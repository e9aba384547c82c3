# SPDX-License-Identifier: Apache-2.0
"""Medians, their ratio with a 95 % interval, and the tie rule: as tools/da3-bench/statistics.hpp has them."""
import random
import statistics

TIE_MARGIN = 0.03


def ratio_of_medians(a, b, seed=1, resamples=4000):
    """(median of b / median of a, low, high) by resampling both sides."""
    draw = random.Random(seed)
    ratios = sorted(statistics.median(draw.choices(b, k=len(b))) / statistics.median(draw.choices(a, k=len(a)))
                    for _ in range(resamples))
    return (statistics.median(b) / statistics.median(a), ratios[round(0.025 * (resamples - 1))],
            ratios[round(0.975 * (resamples - 1))])


def verdict(value, low, high):
    """Of b against a."""
    if not (low > 1 or high < 1) or abs(value - 1) < TIE_MARGIN:
        return "tie"
    return "faster" if value < 1 else "slower"
