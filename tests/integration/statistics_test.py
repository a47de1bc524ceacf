# SPDX-License-Identifier: Apache-2.0
"""Sampled heap profiles are unbiased: estimates against a mix of allocations known exactly.

A block of s bytes at a mean distance of R bytes between samples is sampled with p = 1 - exp(-s/R)
and then stands for 1/p blocks. For n such blocks the estimate of their number has the mean n and
the variance n (1 - p) / p, whatever the order; sites are therefore tested one by one and together,
each within Z standard errors of the truth. With Z = 6 a correct sampler leaves that range with a
probability below 2e-9 for a normal distribution; the estimates are sums of hundreds of independent
draws or more, for which the tail is a little heavier, so we state < 1e-6 for all comparisons of
this file together. Over all runs of a configuration the mean must lie within Z / sqrt(runs), which
finds a bias that hides in the noise of one run.
"""

import math
import unittest

import harness

# site: blocks a round, size; as in tests/programs/allocation_mix.c
SITES = {"site_16": (4096, 16), "site_241": (256, 241), "site_4099": (16, 4099),
         "site_16411": (4, 16411), "site_65537": (1, 65537)}
Z = 6


def standard_error(blocks, size, rate):
    """Of the estimated number of blocks."""
    p = -math.expm1(-size / rate)
    return math.sqrt(blocks * (1 - p) / p)


class HeapStatistics(harness.TestCase):
    RUNS = 6

    def estimates(self, rate, threads, rounds):
        for file in self.dump_files():
            file.unlink()
        self.run_program(harness.PROGRAMS / "allocation_mix", threads, rounds, check=True,
                         environment=self.agent(HEAP_RATE=rate, EXIT_PROFILES="heap"))
        return self.read(self.dump_files(kind="heap")[0])

    def check(self, rate, threads, rounds):
        sums = {}
        for _ in range(self.RUNS):
            profile = self.estimates(rate, threads, rounds)
            for site, (blocks_a_round, size) in SITES.items():
                allocated = blocks_a_round * rounds * threads
                # Of each site and thread every other block, beginning with the first, is freed.
                kept = blocks_a_round * rounds // 2 * threads
                for kind, unit, blocks in (("alloc_objects", 1, allocated),
                                           ("alloc_space", size, allocated),
                                           ("inuse_objects", 1, kept), ("inuse_space", size, kept)):
                    error = standard_error(blocks, size, rate) * unit
                    found = profile.total(kind, site)
                    # Values are integers: rounding costs up to half a unit a sampled stack.
                    self.assertAlmostEqual(found, blocks * unit, delta=Z * error + unit,
                                           msg=f"{site} {kind} at {rate}")
                    sums.setdefault((site, kind), []).append((found - blocks * unit) / (error or 1))
        for (site, kind), deviations in sums.items():
            mean = sum(deviations) / len(deviations)
            self.assertLess(abs(mean), Z / math.sqrt(len(deviations)) + 0.05,
                            f"{site} {kind} at {rate} is biased: {deviations}")

    def test_default_rate(self):
        self.check(512 * 1024, threads=1, rounds=400)

    def test_threads_at_the_default_rate(self):
        self.check(512 * 1024, threads=4, rounds=100)

    def test_finer_rate(self):
        self.check(16 * 1024, threads=2, rounds=40)

    def test_rate_of_about_the_block_size(self):
        self.check(4096, threads=1, rounds=20)

    def test_rate_one_is_exact(self):
        profile = self.estimates(1, threads=2, rounds=4)
        for site, (blocks, size) in SITES.items():
            self.assertEqual(profile.total("alloc_objects", site), blocks * 8)
            self.assertEqual(profile.total("inuse_space", site), blocks * 4 * size)

    def test_runs_differ(self):
        """Sampling is random, not the same stride in every process."""
        totals = {self.estimates(512 * 1024, 1, 40).total("alloc_space", "site_16")
                  for _ in range(5)}
        self.assertGreater(len(totals), 1)


if __name__ == "__main__":
    unittest.main()
