"""Fair timing: one thread, everyone in every round, in a new random order.

A ratio is the median over rounds of the quotient within a round, so that a noisy neighbour hits
both sides alike; never a quotient of two times that were taken apart.
"""

import ctypes
import gc
import os
import platform
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def one_thread() -> None:
    """Call before NumPy is imported."""
    for variable in THREADS:
        os.environ[variable] = "1"


def keep_memory() -> bool:
    """Make glibc keep freed blocks, or a result of some MB is fresh, page-faulting memory.

    The same torch layer takes 0.5 ms or 5 ms in one process, depending on what ran before.
    """
    try:
        libc = ctypes.CDLL(None)
        trim, mmap = -1, -3  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD
        return bool(libc.mallopt(mmap, 1 << 30) and libc.mallopt(trim, (1 << 31) - 1))
    except (OSError, AttributeError):
        return False


# "cpu" leaves out the time in which other programs ran; for busy machines, and one thread only.
CLOCKS = {"wall": time.perf_counter, "cpu": time.thread_time}

Contenders = dict[str, Callable[[], object]]


def race(contenders: Contenders, seconds: float, rounds: tuple[int, int] = (7, 300)) -> dict:
    """Seconds of each contender in each round, {name: [...]}."""
    for contender in contenders.values():
        contender(), contender()  # warm caches, lazy initialisation
    clock = CLOCKS[os.environ.get("BENCHMARK_CLOCK", "wall")]
    times = {name: [] for name in contenders}
    order, shuffle = list(contenders.items()), random.Random(0).shuffle
    gc.collect()
    gc.disable()
    began = time.perf_counter()
    done = 0
    while done < rounds[0] or (time.perf_counter() - began < seconds and done < rounds[1]):
        shuffle(order)  # a fixed order gives everyone the same neighbour's warm cache
        for name, contender in order:
            start = clock()
            contender()
            times[name].append(clock() - start)
        done += 1
    gc.enable()
    return times


def ratio(times: dict, name: str, to: str) -> float:
    return statistics.median(a / b for a, b in zip(times[name], times[to], strict=True))


def milliseconds(times: dict, name: str) -> float:
    return 1e3 * statistics.median(times[name])


def geometric_mean(values) -> float:
    values = list(values)
    return statistics.geometric_mean(values) if values else float("nan")


def machine() -> dict[str, str]:
    """What the numbers belong to."""
    import numpy
    import torch
    from threadpoolctl import threadpool_info

    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if "model name" in line]
        processor = names[0].split(":")[1].strip() if names else processor
    pools = [p for p in threadpool_info() if p["user_api"] == "blas" and "numpy" in p["filepath"]]
    blas = ", ".join(
        f"{p['internal_api']} {p['version']}, kernels {p.get('architecture')}, "
        f"{p['num_threads']} thread(s)"
        for p in pools
    )
    return {
        "processor": processor,
        "NumPy": f"{numpy.__version__} ({blas})",
        "torch": f"{torch.__version__} ({torch.backends.cpu.get_cpu_capability()}, "
        f"{torch.get_num_threads()} thread)",
        "Python": platform.python_version(),
        "clock": os.environ.get("BENCHMARK_CLOCK", "wall"),
    }
