"""The measurements as a page of Markdown, and against the goals."""

from tests.benchmarks.timing import geometric_mean
from tests.benchmarks.workloads import MANY_CHANNELS

# Names of the goals, limits with AVX2 and with AVX-512 kernels of the matrix product.
LIMITS = {
    "blocked forward / GEMM, all dense": (1.35, 1.6),
    "blocked forward / GEMM, 64 channels and more": (1.15, 1.25),
    "blocked backward / GEMM, all dense": (1.6, 1.9),
    "blocked backward / GEMM, 64 channels and more": (1.25, 1.4),
    "blocked forward / torch": (1.75, 1.25),
    "blocked backward / torch": (1.5, 1.25),
    "auto forward / torch": (1.45, 1.0),
    "auto backward / torch": (1.2, 0.95),
    "extra memory of blocked, MiB beyond twice the weights": (2.0, 2.0),
    "error of blocked": (1e-6, 1e-6),
    "error of auto": (4e-6, 4e-6),
    "LeNet step / torch": (1.1, 1.1),
    "digits step / torch": (1.1, 1.1),
    "torch / pooling forward, at least": (8.0, 8.0),
    "torch / batch norm forward, at least": (1.8, 1.8),
    "pooling both ways / torch": (1.0, 1.0),
    "batch norm both ways / torch": (1.0, 1.0),
    "strided / blocked forward, at least": (1.1, 1.25),
    "strided / auto forward, at least": (1.3, 1.4),
    "strided / auto backward, at least": (1.2, 1.2),
    "indexed / blocked forward, at least": (2.5, 3.0),
    "indexed / blocked backward, at least": (10.0, 12.0),
    "einsum / blocked forward, at least": (30.0, 40.0),
}


def figures(conv, others):
    """The number behind each goal that these rows can tell."""
    found = {}
    for way in ("forward", "backward"):
        rows = [row for row in conv if row["pass"] == way]
        dense = [row for row in rows if row["layer"] != "depthwise"]
        many = [row for row in rows if row["layer"] in MANY_CHANNELS]
        for key, chosen in (("all dense", dense), ("64 channels and more", many)):
            found[f"blocked {way} / GEMM, {key}"] = _mean(chosen, "to GEMM", "blocked")
        for name in ("blocked", "auto"):
            found[f"{name} {way} / torch"] = _mean(rows, "to torch", name)
        for peer in ("strided", "indexed", "einsum"):
            for name in ("blocked", "auto"):
                key = f"{peer} / {name} {way}, at least"
                if key in LIMITS:
                    found[key] = _mean(rows, f"to {name}", peer)
    found["extra memory of blocked, MiB beyond twice the weights"] = max(
        row["extra MiB"]["blocked"] - 2 * row["weights MiB"] for row in conv
    )
    for name in ("blocked", "auto"):
        found[f"error of {name}"] = max(row["error"][name] for row in conv)
    pooling = [row["to torch"] for row in others if "/ 2" in row["name"]]
    norm = [row["to torch"] for row in others if row["name"] == "batch norm"]
    steps = [row["to torch"]["step"] for row in others if "step" in row["to torch"]]
    if pooling:
        found["torch / pooling forward, at least"] = 1 / geometric_mean(
            r["forward"] for r in pooling
        )
        found["pooling both ways / torch"] = geometric_mean(r["both"] for r in pooling)
        found["torch / batch norm forward, at least"] = 1 / norm[0]["forward"]
        found["batch norm both ways / torch"] = norm[0]["both"]
        found["LeNet step / torch"], found["digits step / torch"] = steps
    return {name: value for name, value in found.items() if value == value}


def _mean(rows, column, name):
    return geometric_mean(row[column][name] for row in rows if name in row[column])


def met(name, value, limit):
    return value >= limit if "at least" in name else value <= limit


def markdown(run):
    """One run of the benchmark: machine, goals, layers, other functions."""
    wide = "SkylakeX" in run["machine"]["NumPy"] or "Zen5" in run["machine"]["NumPy"]
    lines = [f"- {key}: {value}" for key, value in run["machine"].items()]
    lines += ["", "| goal | limit | measured | met |", "|---|---|---|---|"]
    for name, value in figures(run["conv"], run["others"]).items():
        limit = LIMITS[name][wide]
        answer = "yes" if met(name, value, limit) else "no"
        lines.append(f"| {name} | {limit:g} | {value:.3g} | {answer} |")
    for way in ("forward", "backward"):
        names = ["torch", "torch channels_last", "blocked", "auto", "strided", "indexed", "einsum"]
        lines += [
            "",
            f"**conv2d, {way}** (times the bare matrix product; the last two: times torch)",
            "",
            "| layer | matrix product, ms | " + " | ".join([*names, "blocked", "auto"]) + " |",
            "|---" * (len(names) + 4) + "|",
        ]
        for row in (r for r in run["conv"] if r["pass"] == way):
            cells = [f"{row['to GEMM'][n]:.2f}" if n in row["to GEMM"] else "" for n in names]
            cells += [f"{row['to torch'][n]:.2f}" for n in ("blocked", "auto")]
            lines.append(
                f"| {row['layer']} | {row['ms']['GEMM']:.3f} | " + " | ".join(cells) + " |"
            )
    lines += ["", "| function | part | ms | torch, ms | times torch |", "|---|---|---|---|---|"]
    for row in run["others"]:
        for part, quotient in row["to torch"].items():
            ours, theirs = row["ms"][part], row["ms"][f"torch {part}"]
            lines.append(f"| {row['name']} | {part} | {ours:.3f} | {theirs:.3f} | {quotient:.2f} |")
    return "\n".join(lines)
