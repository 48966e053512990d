"""How fast is the reference room? Against torch, the bare matrix product, and other courses' ways.

    python -m tests.benchmarks                           # everything, the page on stdout
    python -m tests.benchmarks --layers res2,lenet-c1    # some layers only
    python -m tests.benchmarks --kernels default,SkylakeX --processes 3 --clock cpu \\
        --numbers tests/benchmarks/cpu.json              # keep the measurements
    python -m tests.benchmarks --page tests/benchmarks/cpu.json \\
        --write book/benchmarks-cpu.md                   # with --gpu, a GPU's measurements, too

One thread, float32. A BLAS chooses its kernels when it is loaded, so each of ``--kernels`` runs in
processes of its own, with OPENBLAS_CORETYPE set.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.timing import CLOCKS, keep_memory, machine, one_thread


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
        "conv": conv.run(names, arguments.seconds, report),
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
        done = subprocess.run(command, env=environment, stdout=subprocess.DEVNULL)
        if done.returncode:
            sys.exit(
                f"benchmarks: the run with {kernels} kernels ended with code {done.returncode}.\n"
                "  A processor cannot use kernels made for instructions that it does not have:\n"
                "  SkylakeX needs AVX-512 (grep avx512f /proc/cpuinfo). Leave them out."
            )
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
    parser.add_argument("--processes", type=int, default=1, help="for each of --kernels")
    parser.add_argument("--json", type=Path, help="measure in this process, write the numbers here")
    parser.add_argument("--numbers", type=Path, help="write all measurements here")
    parser.add_argument("--page", type=Path, help="measure nothing: a page of these measurements")
    parser.add_argument("--gpu", type=Path, help="what bench_gpu measured, for the page")
    parser.add_argument("--write", type=Path, help="write the page here, not to stdout")
    arguments = parser.parse_args()
    one_thread()
    os.environ["BENCHMARK_CLOCK"] = arguments.clock
    from tests.benchmarks.table import markdown

    if arguments.json:
        arguments.json.write_text(json.dumps(measure(arguments)))
        return
    numbers = json.loads(arguments.page.read_text()) if arguments.page else take(arguments)
    if arguments.numbers:
        arguments.numbers.write_text(json.dumps(numbers, separators=(",", ":")) + "\n")
        print(f"wrote {arguments.numbers}", file=sys.stderr)
    gpu = json.loads(arguments.gpu.read_text()) if arguments.gpu else None
    page = markdown(numbers["sets"], numbers["command"], gpu)
    if arguments.write:
        arguments.write.parent.mkdir(parents=True, exist_ok=True)
        arguments.write.write_text(page)
        print(f"wrote {arguments.write}", file=sys.stderr)
    else:
        print(page, end="")


def take(arguments):
    """The measurements of all processes: sets of kernels, and in each the runs."""
    kinds = (arguments.kernels or "default").split(",")
    turns = [
        [in_a_process_of_its_own(kernels, arguments) for kernels in kinds]
        for _ in range(arguments.processes)  # kernels by turns: a calm minute then helps them all
    ]
    return {
        "command": command(arguments),
        "sets": rounded([list(runs) for runs in zip(*turns, strict=True)]),
    }


def command(arguments):
    """What has to be typed to measure this again."""
    named = ("layers", "kernels", "processes", "seconds", "clock")
    given = {name: getattr(arguments, name) for name in named}
    words = [f"--{name} {value}" for name, value in given.items() if value is not None]
    return " ".join(["python -m tests.benchmarks", *words])


def rounded(value):
    """The same with four digits: no measurement here is better than that."""
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [rounded(each) for each in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


if __name__ == "__main__":
    main()
