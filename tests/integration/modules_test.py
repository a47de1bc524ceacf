# SPDX-License-Identifier: Apache-2.0
"""Stacks outlive the libraries they lead through."""

import shutil
import unittest

import harness


class UnloadedLibraries(harness.TestCase):
    def profile(self, *libraries, **options):
        result = self.run_program(harness.PROGRAMS / "reloader", *libraries, check=True,
                                  environment=self.agent(HEAP_RATE=1, EXIT_PROFILES="heap",
                                                         **options))
        return self.read(self.dump_files(kind="heap")[0]), result.stdout.decode().split()

    def check_both(self, profile):
        self.assertEqual(profile.total("inuse_space", "first_build_allocates"), 1000)
        self.assertEqual(profile.total("inuse_space", "second_build_allocates"), 2000)
        mappings = [next(mapping for mapping in profile.mappings if name in mapping.file)
                    for name in ("reloaded_first", "reloaded_second")]
        for mapping in mappings:
            self.assertRegex(mapping.build_id, "^[0-9a-f]{40}$")
        return mappings

    def test_keep_mapping_build_id_and_names(self):
        profile, places = self.profile(*(harness.PROGRAMS / f"reloaded_{build}.so"
                                         for build in ("first", "second")))
        # Without this the test shows little.
        self.assertEqual(len(set(places)), 1, places)
        first, second = self.check_both(profile)
        self.assertEqual(first.start, second.start)
        self.assertNotEqual(first.build_id, second.build_id)
        self.assertEqual(self.log_lines(), [])

    def test_are_known_by_a_relative_path_too(self):
        for build in ("first", "second"):
            shutil.copy(harness.PROGRAMS / f"reloaded_{build}.so", self.scratch)
        profile, _ = self.profile("./reloaded_first.so", "./reloaded_second.so")
        first, _ = self.check_both(profile)
        self.assertEqual(first.file.replace("/./", "/"), str(self.scratch / "reloaded_first.so"))

    def test_with_every_unwinder(self):
        for unwinder in ("fp", "libunwind"):
            with self.subTest(unwinder=unwinder):
                for file in self.dump_files():
                    file.unlink()
                profile, _ = self.profile(*(harness.PROGRAMS / f"reloaded_{build}.so"
                                            for build in ("first", "second")), UNWINDER=unwinder)
                self.check_both(profile)

    def test_come_back_to_what_they_were(self):
        libraries = [harness.PROGRAMS / f"reloaded_{build}.so"
                     for build in ("first", "second", "first", "second")]
        profile, _ = self.profile(*libraries)
        self.assertEqual(profile.total("inuse_space", "first_build_allocates"), 4000)
        self.assertEqual(profile.total("inuse_space", "second_build_allocates"), 6000)
        self.assertEqual(len([mapping for mapping in profile.mappings
                              if "/reloaded_" in mapping.file]), 2)


class OrdinaryPrograms(harness.TestCase):
    def test_have_no_stack_that_was_cut(self):
        self.run_program(harness.PROGRAMS / "exceptions", check=True,
                         environment=self.agent(HEAP_RATE=1, EXIT_PROFILES="heap"))
        profile = self.read(self.dump_files(kind="heap")[0])
        ends = {sample.functions()[-1] for sample in profile.samples}
        self.assertEqual({end for end in ends if end.startswith("[")}, set())
        self.assertEqual([comment for comment in profile.comments if comment.startswith("cut")], [])


if __name__ == "__main__":
    unittest.main()
