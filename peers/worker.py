# SPDX-License-Identifier: Apache-2.0
"""worker.py ENGINE MODEL HxWxS THREADS EXPORTS: the protocol of `da3-bench worker` for another runtime.

Loads, runs once, says that it is ready; then answers "run" with {"ms"}, "memory" with {"resident", "resident_peak"};
"quit" or the end of stdin ends it.
"""
import json
import os
import sys
import time


def status(key):
    try:
        return int(next(l for l in open("/proc/self/status") if l.startswith(key)).split()[1]) * 1024
    except (OSError, StopIteration):
        return None


def reset_peak():
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        pass


def main():
    engine, model, tag, threads, exports = sys.argv[1:6]
    os.environ["OMP_NUM_THREADS"] = threads
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    import numpy as np
    import engines
    import images

    height, width, views = map(int, tag.split("x"))
    image = images.normalised(images.coloured_squares(views, height, width))
    answer = lambda **fields: print(json.dumps(fields), file=answers, flush=True)
    start = time.perf_counter()
    run, facts = engines.ENGINES[engine](model, tag, exports, image, int(threads))
    loaded = time.perf_counter()
    depth = float(np.mean(run()[0]))
    answer(ready=True, load_ms=(loaded - start) * 1e3, first_ms=(time.perf_counter() - loaded) * 1e3, depth_mean=depth,
           **facts)
    for line in map(str.strip, sys.stdin):
        if line == "run":
            start = time.perf_counter()
            run()
            answer(ms=(time.perf_counter() - start) * 1e3)
        elif line == "memory":
            answer(resident=status("VmRSS"), resident_peak=status("VmHWM"))
            reset_peak()
        elif line == "quit":
            return
        else:
            answer(error=f'"{line}" is not understood; write run, memory or quit')


if __name__ == "__main__":
    main()
