# SPDX-License-Identifier: Apache-2.0
"""Heap profiles at HEAP_RATE=1 are exact: every number follows from tests/programs/allocations.c."""

import os
import signal
import unittest

import harness

# function: alloc_objects, alloc_space, inuse_objects, inuse_space
EXPECTED = {
    "site_malloc": (7, 7 * 10007, 4, 4 * 10007),
    "site_calloc": (5, 5 * 11099, 5, 5 * 11099),
    "site_realloc": (3, 12007 + 24007 + 36007, 1, 36007),
    "site_realloc_failure": (1, 13007, 1, 13007),
    "site_realloc_to_nothing": (1, 14009, 0, 0),
    "site_reallocarray": (1, 17221, 1, 17221),
    "site_memalign": (2, 2 * 15013, 1, 15013),
    "site_posix_memalign": (1, 16033, 1, 16033),
    "site_aligned_alloc": (1, 18048, 1, 18048),
    "site_valloc": (1, 19001, 1, 19001),
    "site_pvalloc": (1, 20011, 1, 20011),
    "site_strdup": (2, 22003 + 21001, 1, 21001),
}
HEAP_TYPES = [("alloc_objects", "count"), ("alloc_space", "bytes"),
              ("inuse_objects", "count"), ("inuse_space", "bytes")]


class ExactHeap(harness.TestCase):
    def profile(self, **options):
        self.run_program(harness.PROGRAMS / "allocations",
                         environment=self.agent(HEAP_RATE=1, EXIT_PROFILES="heap", **options),
                         check=True)
        files = self.dump_files(kind="heap")
        self.assertEqual(len(files), 1)
        return self.read(files[0])

    def site_totals(self, profile):
        return {site: tuple(profile.total(kind, site) for kind, _ in HEAP_TYPES)
                for site in EXPECTED}

    def test_every_function_of_the_family(self):
        self.assertEqual(self.site_totals(self.profile()), EXPECTED)

    def test_the_same_with_frame_pointers_and_with_libunwind_at_hand(self):
        # The program is compiled without frame pointers: only the totals are known then.
        profile = self.profile(UNWINDER="fp")
        blocks = sum(expected[0] for expected in EXPECTED.values())
        self.assertGreaterEqual(profile.total("alloc_objects"), blocks)
        for file in self.dump_files():
            file.unlink()
        self.assertEqual(self.site_totals(self.profile(UNWINDER="libunwind")), EXPECTED)

    def test_description(self):
        profile = self.profile()
        self.assertEqual(profile.sample_types, HEAP_TYPES)
        self.assertEqual(profile.period_type, ("space", "bytes"))
        self.assertEqual(profile.period, 1)
        self.assertIn(profile.default_sample_type, ("", "inuse_space"))
        self.assertTrue(profile.mappings[0].file.endswith("/allocations"), profile.mappings[0].file)
        self.assertRegex(profile.mappings[0].build_id, r"^[0-9a-f]{16,}$")
        self.assertTrue(any("allocations" in text for text in profile.comments), profile.comments)
        self.assertTrue(profile.time_nanos > 0)

    def test_block_sizes_are_labels(self):
        sizes = {(sample.functions()[0], sample.labels["bytes"])
                 for sample in self.profile().samples if sample.functions()[0] in EXPECTED}
        self.assertIn(("site_malloc", 10007), sizes)
        self.assertIn(("site_calloc", 11099), sizes)
        for name, size in sizes:
            self.assertGreater(size, 10000, name)

    def test_stacks_begin_at_the_call_site_and_lead_to_main(self):
        for sample in self.profile().samples:
            functions = sample.functions()
            if functions[0] in EXPECTED:
                self.assertEqual(functions[1], "main")
            for name in functions:
                self.assertNotIn("pprofagent", name)

    def test_the_agent_is_not_in_the_profile(self):
        # Constructors of the libraries linked into it allocate, too.
        for sample in self.profile().samples:
            self.assertIn("main", sample.functions())

    def test_allocs_profile_differs_by_its_default_only(self):
        self.run_program(harness.PROGRAMS / "allocations", check=True,
                         environment=self.agent(HEAP_RATE=1, EXIT_PROFILES="heap,allocs"))
        heap, allocs = (self.read(self.dump_files(kind=kind)[0]) for kind in ("heap", "allocs"))
        self.assertEqual(allocs.default_sample_type, "alloc_space")
        self.assertEqual(self.site_totals(allocs), self.site_totals(heap))

    def test_rate_zero_records_nothing(self):
        self.run_program(harness.PROGRAMS / "allocations", check=True,
                         environment=self.agent(HEAP_RATE=0, EXIT_PROFILES="heap"))
        profile = self.read(self.dump_files(kind="heap")[0])
        self.assertEqual(profile.samples, [])

    def test_other_allocator_is_profiled_alike(self):
        jemalloc = "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2"
        if not os.path.exists(jemalloc):
            self.skipTest("libjemalloc2 is not installed")
        found = self.site_totals(self.profile(preload=f"{harness.LIBRARY}:{jemalloc}"))
        self.assertEqual(found, EXPECTED)


class HeapOverTime(harness.TestCase):
    def test_freed_blocks_leave_in_use_and_stay_in_alloc(self):
        with self.conversation(HEAP_RATE=1) as talk:
            for _ in range(10):
                talk.ask("allocate 30011")
            first = self.read(harness.signal_and_wait(self, talk.pid))
            self.assertEqual(first.total("inuse_space", "allocate_block"), 300110)
            talk.ask("free")
            talk.ask("allocate 40009")
            second = self.read(harness.signal_and_wait(self, talk.pid))
            self.assertEqual(second.total("inuse_space", "allocate_block"), 40009)
            self.assertEqual(second.total("alloc_space", "allocate_block"), 340119)
            self.assertEqual(second.total("alloc_objects", "allocate_block"), 11)

    def test_threads_are_profiled_together(self):
        self.run_program(harness.PROGRAMS / "threads", check=True,
                         environment=self.agent(HEAP_RATE=1, EXIT_PROFILES="heap"))
        profile = self.read(self.dump_files(kind="heap")[0])
        self.assertEqual(profile.total("alloc_objects", "answer"), 300)
        self.assertEqual(profile.total("alloc_space", "answer"), 300 * 60000)
        self.assertEqual(profile.total("inuse_space", "answer"), 0)
        self.assertEqual(profile.total("alloc_space", "post"), 100 * 100000)


if __name__ == "__main__":
    unittest.main()
