"""Tests of the scripts with programs that only pretend. From the root: python3 -m unittest discover -s bench/peers -p 'test_*.py'"""
import contextlib
import io
import json
import os
import pathlib
import random
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import grid
import plot
import programs
import report
import results
import run
import worker

TABLE = """
main: n_kv_max = 2048, n_batch = 2048, n_ubatch = 512, flash_attn = 1
|    PP |     TG |    B |   N_KV |   T_PP s | S_PP t/s |   T_TG s | S_TG t/s |      T s |    S t/s |
|-------|--------|------|--------|----------|----------|----------|----------|----------|----------|
|   512 |     16 |    1 |    528 |    1.000 |   512.00 |    0.500 |    32.00 |    1.500 |   352.00 |
|   512 |     16 |    4 |    576 |    1.024 |   500.00 |    0.640 |   100.00 |    1.664 |   346.15 |
"""

FAKE_LOCI = """#!/usr/bin/env python3
import json, sys
if "--version" in sys.argv: print("loci 9")
elif "roofline" in sys.argv: print(json.dumps(dict(test="read", threads=2, gb_per_second=50.0)))
else:
    if "broken" in " ".join(sys.argv): sys.exit("loci: broken.gguf: not a GGUF file")
    keep = dict(prompt=64, kv_format="F16", read_gb_per_second=50.0, peak="int8", peak_gop_per_second=1000.0)
    for test, batch, speed in (("prefill", 1, 800.0), ("decode", 1, 40.0), ("decode", 4, 100.0)):
        print(json.dumps(dict(keep, test=test, batch=batch, tokens_per_second=speed, roofline_percent=50.0)))
"""


class FakeEngine:
    """Gives a sequence its first token in the second step."""

    def __init__(self):
        self.ages, self.longest = {}, 0

    def add(self, name, tokens):
        self.ages[name] = 0
        self.longest = max(self.longest, len(tokens))

    def step(self):
        for name in self.ages:
            self.ages[name] += 1
        return {name for name, age in self.ages.items() if age > 1}

    def remove(self, names):
        for name in names:
            del self.ages[name]


class WorkerTest(unittest.TestCase):
    def test_measures_each_batch_and_leaves_nothing_behind(self):
        engine = FakeEngine()
        job = {"prompt": 64, "batches": [1, 4, 16], "generate": 3, "runs": 2}
        found = list(worker.figures(engine, job, random.Random(1)))
        self.assertEqual([("prefill", 1), ("decode", 16), ("decode", 4), ("decode", 1)], [(f["test"], f["batch"]) for f in found])
        self.assertTrue(all(f["tokens_per_second"] > 0 for f in found))
        self.assertEqual({}, engine.ages)
        self.assertEqual(64, engine.longest)

    def test_a_step_that_serves_too_few_is_an_error(self):
        engine = FakeEngine()
        engine.add("a", [3])
        with self.assertRaisesRegex(RuntimeError, "served 0 of 1"):
            worker.seconds_of_step(engine, 1)


class LlamaCppTest(unittest.TestCase):
    def test_reads_the_table(self):
        rows = programs.batched_bench_rows(TABLE)
        self.assertEqual([(1, 512.0, 32.0), (4, 500.0, 100.0)], [(row["B"], row["S_PP"], row["S_TG"]) for row in rows])
        self.assertEqual([], programs.batched_bench_rows("error: unable to load model"))

    def test_a_tool_that_is_absent_is_named(self):
        tool = programs.LlamaCpp("llama.cpp", "/nonexistent", 2)
        with self.assertRaisesRegex(programs.ProgramError, "/nonexistent/llama-batched-bench: No such file"):
            list(tool.figures(grid.SHORT, "Q8_0", "model.gguf"))


class RunTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.at = pathlib.Path(self.folder.name)
        loci = self.at / "loci"
        loci.write_text(FAKE_LOCI)
        loci.chmod(0o755)
        (self.at / "model.gguf").write_text("")
        (self.at / "broken.gguf").write_text("")

    def start(self, *models):
        arguments = ["run.py", str(self.at / "out.jsonl"), "--loci", str(self.at / "loci"), "--grid", "trial", "--rounds", "2"]
        for model in models:
            arguments += ["--model", model]
        before, sys.argv = sys.argv, arguments
        self.addCleanup(setattr, sys, "argv", before)
        with contextlib.redirect_stdout(io.StringIO()) as said:
            run.main()
        return said.getvalue()

    def test_goes_on_where_it_stopped(self):
        first = f"Q8_0={self.at}/model.gguf"
        self.assertIn("4/4", self.start(first, f"Q4_0={self.at}/broken.gguf"))
        self.assertIn("2/2", self.start(first, f"Q4_0={self.at}/model.gguf"))
        self.assertEqual("", self.start(first, f"Q4_0={self.at}/model.gguf"))

    def test_a_failure_is_told_and_the_rest_measured(self):
        said = self.start(f"Q4_0={self.at}/broken.gguf", f"Q8_0={self.at}/model.gguf")
        self.assertIn("FAILED", said)
        found = results.Results(self.at / "out.jsonl")
        self.assertEqual(["Q4_0", "Q4_0"], [failure["format"] for failure in found.failures()])
        work = results.Work("decode", 64, 4)
        self.assertEqual(100, found.speeds[work, "Q8_0", "Loci"].median)
        self.assertEqual(200, found.limits[work, "Q8_0"])
        self.assertEqual(50, found.machine_limits()["read"][0])
        self.assertIn("100 (50 %)", "\n".join(report.table(found)))
        self.assertIn("4 streams at 64 tokens", plot.picture(found))


class ResultsTest(unittest.TestCase):
    def test_medians_and_ratio(self):
        rows = [("Loci", 90), ("Loci", 120), ("Loci", 100), ("A", 45), ("A", 40), ("A", 50), ("B", 30)]
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
            for i, (program, speed) in enumerate(rows):
                figure = dict(record="figure", round=i % 3, job="x", program=program, format="Q8_0", test="decode", context=512, batch=1, tokens_per_second=speed)
                file.write(json.dumps(figure) + "\n")
            file.flush()
            found = results.Results(file.name)
        work = results.Work("decode", 512, 1)
        self.assertEqual((100, 90, 120, 3), found.speeds[work, "Q8_0", "Loci"])
        self.assertAlmostEqual(3, found.against(work, "Q8_0", "B"))
        self.assertEqual("2.00 x A", report.against_quickest(found, work, "Q8_0"))


if __name__ == "__main__":
    unittest.main()
