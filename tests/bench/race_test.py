# SPDX-License-Identifier: Apache-2.0
"""peers/race.py with programs that only play da3-bench: turns, ratios, and who cannot race."""
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PEERS = Path(__file__).resolve().parents[2] / "peers"
sys.path.insert(0, str(PEERS))
from statistics_of_times import ratio_of_medians, verdict  # noqa: E402

# Ready, then each run takes as long as the setting "ms" says; "die" leaves.
PLAYER = f"""#!{sys.executable}
import json, sys
settings = dict(w.split("=") for w in sys.argv if "=" in w)
if "die" in settings: sys.exit("da3-bench: error: cannot")
print(json.dumps(dict(ready=True, runtime="r", depth_mean=1.0, load_ms=2.0)), flush=True)
for line in sys.stdin:
    if line == "run\\n": print(json.dumps(dict(ms=float(settings["ms"]), stages=dict(head=1.0))), flush=True)
    elif line == "memory\\n": print(json.dumps(dict(resident=1 << 20, resident_peak=2 << 20)), flush=True)
"""


class Race(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.player = Path(self.folder.name, "player")
        self.player.write_text(PLAYER)
        self.player.chmod(0o755)
        Path(self.folder.name, "model.safetensors").write_bytes(b"")

    def race(self, *words):
        command = [sys.executable, str(PEERS / "race.py"), "--model", self.folder.name, "--bench", str(self.player),
                   "--pause", "0", *words]
        return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})

    def test_samples_of_all_who_are_there(self):
        out = Path(self.folder.name, "race.json")
        done = self.race("--peers", "", "--da3", "a:ms=5", "--da3", "b:die=1", "--samples", "3", "--output", str(out))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("not raced: da3-b: da3-bench: error: cannot", done.stdout)
        document = json.loads(out.read_text())
        self.assertEqual(document["racers"][0]["ms"], [5.0, 5.0, 5.0])
        self.assertEqual(document["racers"][0]["stages"], {"head": [1.0, 1.0, 1.0]})
        self.assertEqual(document["racers"][0]["memory"]["resident_peak"], 2 << 20)
        self.assertEqual(document["racers"][1]["ms"], [])

    def test_stopped_by_a_signal_it_reports_what_there_is(self):
        out = Path(self.folder.name, "race.json")
        command = [sys.executable, "-B", str(PEERS / "race.py"), "--model", self.folder.name, "--bench", str(self.player),
                   "--peers", "", "--da3", "a:ms=5", "--warmup", "0", "--samples", "100000", "--output", str(out)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            for line in process.stderr:
                if line.startswith("round 2 "):
                    process.terminate()
                    break
            process.stderr.read()
        self.assertEqual(process.returncode, 0)
        document = json.loads(out.read_text())
        self.assertGreaterEqual(document["samples"], 2)
        self.assertEqual(len(document["racers"][0]["ms"]), document["samples"])

    def test_nobody_is_a_failure(self):
        self.assertEqual(self.race("--peers", "", "--da3", "b:die=1", "--samples", "1").returncode, 1)
        self.assertEqual(self.race("--peers", "", "--bench", "/nowhere/da3-bench", "--samples", "1").returncode, 1)

    def test_a_peer_that_is_not_installed_is_named(self):
        done = self.race("--peers", "openvino-int8", "--exports", self.folder.name, "--da3", "a:ms=5", "--samples", "1")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("not raced: openvino-int8: ", done.stdout)

    def test_usage(self):
        for words in (["--peers", "nobody"], ["--samples", "0"], ["--model", "/nowhere"]):
            self.assertEqual(self.race(*words).returncode, 2, words)


class Worker(unittest.TestCase):
    @unittest.skipUnless(os.environ.get("DA3_BENCH_PROGRAM"), "DA3_BENCH_PROGRAM is not set")
    def test_a_line_of_json_for_each_line(self):
        command = [os.environ["DA3_BENCH_PROGRAM"], "worker", "--res", "56", "--backend", "cpu", "-q"]
        done = subprocess.run(command, input="run\nmemory\nfly\nrun\nquit\nrun\n", capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        ready, first, memory, error, second = map(json.loads, done.stdout.splitlines())
        self.assertTrue(ready["ready"])
        for answer in (first, second):
            self.assertGreater(answer["ms"], 0)
            self.assertIn("backbone", answer["stages"])
        self.assertIn("resident_peak", memory)
        self.assertIn("fly", error["error"])


class Statistics(unittest.TestCase):
    def test_ratio(self):
        self.assertEqual(ratio_of_medians([100, 100], [80, 80]), (0.8, 0.8, 0.8))
        value, low, high = ratio_of_medians([100, 103, 98, 101, 99], [90, 91, 89, 95, 88])
        self.assertTrue(low < value < high)

    def test_tie_rule(self):
        self.assertEqual(verdict(0.98, 0.97, 0.99), "tie")
        self.assertEqual(verdict(0.90, 0.80, 1.01), "tie")
        self.assertEqual(verdict(0.96, 0.95, 0.97), "faster")
        self.assertEqual(verdict(1.04, 1.03, 1.05), "slower")


if __name__ == "__main__":
    unittest.main()
