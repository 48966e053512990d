"""How fast is the reference room? Against torch, the bare matrix product, and other courses' ways.

    python -m tests.benchmarks                           # everything, a table on stdout
    python -m tests.benchmarks --layers res2,lenet-c1    # some layers only
    python -m tests.benchmarks --kernels default,SkylakeX --write book/benchmarks-cpu.md

One thread, float32. A BLAS chooses its kernels when it is loaded, so each of ``--kernels`` runs in
a process of its own, with OPENBLAS_CORETYPE set.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.timing import CLOCKS, keep_memory, machine, one_thread

TITLE = """# How fast the NumPy reference is

Every ratio is a median of quotients within a round: one thread, float32, contenders in a new random
order each round. Made by `python -m tests.benchmarks --kernels {kernels} --write`.
"""


def measure(arguments):
    import torch

    from tests.benchmarks import conv, others
    from tests.benchmarks.workloads import LAYERS

    torch.set_num_threads(1)
    keep_memory()
    names = arguments.layers.split(",") if arguments.layers else list(LAYERS)

    def report(line):
        print(line, file=sys.stderr, flush=True)

    return {
        "machine": machine(),
        "conv": conv.run(names, arguments.seconds, True, report),
        "others": [] if arguments.layers else others.run(arguments.seconds, report),
    }


def in_a_process_of_its_own(kernels, arguments):
    environment = dict(os.environ)
    if kernels != "default":
        environment["OPENBLAS_CORETYPE"] = kernels
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "run.json"
        command = [sys.executable, "-m", "tests.benchmarks", "--json", str(result)]
        command += ["--seconds", str(arguments.seconds), "--clock", arguments.clock]
        command += ["--layers", arguments.layers] if arguments.layers else []
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        return json.loads(result.read_text())


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--layers", help="comma-separated names of layers; only conv2d is run")
    parser.add_argument("--seconds", type=float, default=1.5, help="for each race")
    parser.add_argument(
        "--clock", choices=CLOCKS, default="wall", help="cpu: leave out what other programs took"
    )
    parser.add_argument("--kernels", help="comma-separated OPENBLAS_CORETYPEs, 'default' for none")
    parser.add_argument("--json", type=Path, help="write the measurements here")
    parser.add_argument("--write", type=Path, help="write the page here")
    arguments = parser.parse_args()
    one_thread()
    os.environ["BENCHMARK_CLOCK"] = arguments.clock
    from tests.benchmarks.table import markdown

    if arguments.kernels:
        runs = [in_a_process_of_its_own(k, arguments) for k in arguments.kernels.split(",")]
    else:
        runs = [measure(arguments)]
    if arguments.json:
        arguments.json.write_text(json.dumps(runs[0], indent=1))
    sections = []
    for run in runs:
        kernels = run["machine"]["NumPy"].split("kernels ")[1].split(",")[0]
        sections.append(f"## {kernels} kernels\n\n{markdown(run)}")
    title = TITLE.format(kernels=arguments.kernels or "default")
    page = "\n".join([title, *sections, ""])
    if arguments.write:
        arguments.write.parent.mkdir(parents=True, exist_ok=True)
        arguments.write.write_text(page)
        print(f"wrote {arguments.write}", file=sys.stderr)
    else:
        print(page)


if __name__ == "__main__":
    main()
