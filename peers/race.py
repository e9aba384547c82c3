#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Races da3-bench against other runtimes on this machine: all loaded at once, each runs in its turn.

  race.py --model models/da3-base --exports exports
  race.py --model models/da3-small --views 5 --peers eager,ort,openvino --da3 f32: --da3 int8:mixed_precision=int8

A ratio is the time of da3 over the time of the other: under 1, da3 is faster. README.md says what to install.
"""
import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from statistics_of_times import ratio_of_medians, verdict

HERE = Path(__file__).resolve().parent
PEERS = ["eager", "eager-bf16", "compile", "ort", "ort-int8", "openvino", "openvino-bf16", "openvino-int8"]


class Racer:
    """A program that runs when it is told to."""

    def __init__(self, name, words):
        self.name, self.times, self.stages, self.reason, self.facts, self.memory = name, [], {}, "", {}, {}
        self.errors = tempfile.TemporaryFile()
        try:
            self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True)
        except OSError as error:
            self.process, self.reason = None, f"{words[0]} cannot be started: {error.strerror}"
            return
        self.facts = self.read() or {}

    def read(self):
        line = self.process.stdout.readline()
        if line:
            try:
                answer = json.loads(line)
            except ValueError:
                answer = {"error": f"it answered {line.strip()[:200]!r}"}
            if "error" not in answer:
                return answer
            self.reason = answer["error"]
        else:
            self.errors.seek(0)
            said = self.errors.read().decode(errors="replace").strip().splitlines()
            self.reason = said[-1] if said else f"it left with exit status {self.process.wait()}"
        self.stop()
        return None

    def ask(self, word):
        if self.process is None:
            return None
        try:
            self.process.stdin.write(word + "\n")
            self.process.stdin.flush()
        except OSError:
            pass  # it is gone: reading tells why
        return self.read()

    def run(self, counts):
        answer = self.ask("run")
        if answer and counts:
            self.times.append(answer["ms"])
            for stage, ms in answer.get("stages", {}).items():
                self.stages.setdefault(stage, []).append(ms)

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="folder with config.json and model.safetensors")
    parser.add_argument("--size", default="504x504", help="width x height (default: 504x504)")
    parser.add_argument("--views", type=int, default=1)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())
    parser.add_argument("--samples", type=int, default=15, help="rounds that count, at least 15 for a claim (default: 15)")
    parser.add_argument("--warmup", type=int, default=2, help="rounds before (default: 2)")
    parser.add_argument("--peers", default=",".join(PEERS), help="of " + ", ".join(PEERS))
    parser.add_argument("--da3", action="append", metavar="NAME:KEY=VALUE,...",
                        help="settings of a da3 that races; repeatable (default: f32, bf16 and int8)")
    parser.add_argument("--bench", default=str(HERE.parent / "build/release/bin/da3-bench"), help="the da3-bench program")
    parser.add_argument("--exports", default=str(HERE / "exports"), help="what export.py wrote")
    parser.add_argument("--pause", type=float, default=0.05, help="seconds between runs, for threads that spin (default: 0.05)")
    parser.add_argument("--output", help="FILE.json for all samples")
    parsed = parser.parse_args()
    unknown = [name for name in parsed.peers.split(",") if name and name not in PEERS]
    if unknown:
        parser.error(f"--peers: {unknown[0]} is not one of {', '.join(PEERS)}")
    if parsed.samples < 1 or parsed.warmup < 0 or parsed.views < 1 or parsed.threads < 1:
        parser.error("--samples, --views and --threads are 1 or more, --warmup is 0 or more")
    if not Path(parsed.model, "model.safetensors").exists():
        parser.error(f"--model: {parsed.model} has no model.safetensors")
    return parsed


def start(options):
    width, _, height = options.size.partition("x")
    model = str(Path(options.model).resolve())
    racers = []
    for text in options.da3 or ["f32:mixed_precision=off", "bf16:mixed_precision=bfloat16", "int8:mixed_precision=int8"]:
        name, _, settings = text.partition(":")
        words = [options.bench, "worker", "--model", model, "--res", f"{width}x{height or width}", "--views", str(options.views),
                 "--threads", str(options.threads)]
        for setting in filter(None, settings.split(",")):
            words += ["--set", setting]
        racers.append(Racer("da3-" + name, words))
    tag = f"{height or width}x{width}x{options.views}"
    for name in filter(None, options.peers.split(",")):
        racers.append(Racer(name, [sys.executable, str(HERE / "worker.py"), name, model, tag, str(options.threads), options.exports]))
    for racer in racers:
        print(f"{racer.name}: {racer.reason or 'ready'}", file=sys.stderr)
    return racers


class Stopped(Exception):
    """Somebody wants it to end: what was measured is reported."""


def stop_by_signal():
    def stop(*_):
        raise Stopped

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)


def race(racers, options):
    for number in range(options.warmup + options.samples):
        if number == options.warmup:
            for racer in racers:
                racer.ask("memory")  # the peak counts from here
        # Each round begins with another one, so that nobody always follows the same.
        turn = number % max(len(racers), 1)
        for racer in racers[turn:] + racers[:turn]:
            racer.run(number >= options.warmup)
            time.sleep(options.pause)
        print(f"round {number + 1} of {options.warmup + options.samples}", file=sys.stderr)
    for racer in racers:
        racer.memory = racer.ask("memory") or {}
        racer.stop()


def mib(value):
    return "-" if not value else f"{value / 2**20:.0f}"


def table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def report(racers):
    there = [racer for racer in racers if racer.times and not racer.reason]
    rows = [["racer", "version", "p50 ms", "min", "max", "load ms", "resident peak MiB", "mean depth"]]
    for racer in there:
        facts = racer.facts
        rows.append([racer.name, str(facts.get("version") or facts.get("runtime") or "-"), f"{statistics.median(racer.times):.1f}",
                     f"{min(racer.times):.1f}", f"{max(racer.times):.1f}", f"{facts.get('load_ms', 0):.0f}",
                     mib(racer.memory.get("resident_peak")), f"{facts.get('depth_mean', 0):.6g}"])
    ratios = [["da3", "against", "ratio", "95 % interval", "da3 is"]]
    data = []
    for ours in there:
        for other in there:
            if ours.name.startswith("da3-") and not other.name.startswith("da3-"):
                value, low, high = ratio_of_medians(other.times, ours.times)
                data.append({"da3": ours.name, "against": other.name, "ratio": value, "low": low, "high": high,
                             "verdict": verdict(value, low, high)})
                ratios.append([ours.name, other.name, f"{value:.3f}", f"{low:.3f} .. {high:.3f}", data[-1]["verdict"]])
    text = table(rows) + ("\n\n" + table(ratios) if data else "")
    for racer in racers:
        if racer.reason:
            text += f"\n\nnot raced: {racer.name}: {racer.reason}"
    return text, data


def machine():
    import platform
    try:
        name = next(l.split(":", 1)[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name"))
    except (OSError, StopIteration):
        name = platform.processor()
    return {"cpu": name, "cpus": os.cpu_count(), "system": platform.system() + " " + platform.release(),
            "python": platform.python_version(), "load_average": os.getloadavg()[0]}


def main():
    options = arguments()
    facts = machine()
    racers = []
    stop_by_signal()
    try:
        racers = start(options)
        race(racers, options)
    except Stopped:
        print("stopped: the rounds so far are reported", file=sys.stderr)
    finally:
        for racer in racers:
            racer.stop()
    text, ratios = report(racers)
    head = (f"{Path(options.model).name}, {options.views} x {options.size}, {options.threads} threads, {max((len(r.times) for r in racers), default=0)} samples, "
            f"{facts['cpu']}, load average before {facts['load_average']:.2f}")
    print(head + "\n\n" + text)
    if options.output:
        document = {"schema": "da3.race/1", "machine": facts, "model": Path(options.model).name, "size": options.size,
                    "views": options.views, "threads": options.threads, "samples": max((len(r.times) for r in racers), default=0),
                    "ratios": ratios,
                    "racers": [{"name": r.name, "reason": r.reason, "facts": r.facts, "memory": r.memory, "ms": r.times,
                                "stages": r.stages} for r in racers]}
        temporary = Path(options.output + ".tmp")
        temporary.write_text(json.dumps(document, indent=1) + "\n")
        temporary.replace(options.output)
    return 0 if any(r.times and r.name.startswith("da3-") for r in racers) else 1


if __name__ == "__main__":
    sys.exit(main())
