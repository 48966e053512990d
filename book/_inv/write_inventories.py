"""Write the small inventories that turn names of other libraries into links.

Sphinx normally downloads each project's whole inventory. A site that builds without a network needs
its own copy, and only of the names that the docstrings use: add a line below and run
``python book/_inv/write_inventories.py``.
"""

import zlib
from pathlib import Path

HERE = Path(__file__).parent

# project -> version shown, then (name, role, address below the project's documentation)
PROJECTS: dict[str, tuple[str, list[tuple[str, str, str]]]] = {
    "python": (
        "3",
        [
            *[
                (name, "py:class", "library/functions.html#$")
                for name in ("bool", "float", "int", "object")
            ],
            *[
                (name, "py:class", "library/stdtypes.html#$")
                for name in ("bytes", "dict", "list", "str", "tuple")
            ],
            *[
                (name, "py:exception", "library/exceptions.html#$")
                for name in (
                    "AssertionError",
                    "Exception",
                    "ImportError",
                    "KeyError",
                    "NotImplementedError",
                    "OSError",
                    "RuntimeError",
                    "TypeError",
                    "ValueError",
                )
            ],
            ("collections.abc.Callable", "py:class", "library/collections.abc.html#$"),
            ("collections.abc.Iterable", "py:class", "library/collections.abc.html#$"),
            ("collections.abc.Iterator", "py:class", "library/collections.abc.html#$"),
            ("collections.abc.Sequence", "py:class", "library/collections.abc.html#$"),
            ("concurrent.futures.Executor", "py:class", "library/concurrent.futures.html#$"),
            ("enum.Enum", "py:class", "library/enum.html#$"),
            ("enum.StrEnum", "py:class", "library/enum.html#$"),
            ("pathlib.Path", "py:class", "library/pathlib.html#$"),
            ("typing.NamedTuple", "py:class", "library/typing.html#$"),
            ("typing.Protocol", "py:class", "library/typing.html#$"),
        ],
    ),
    "numpy": (
        "2",
        [
            ("numpy.ndarray", "py:class", "reference/generated/$.html"),
            ("numpy.dtype", "py:class", "reference/generated/$.html"),
            ("numpy.pad", "py:function", "reference/generated/$.html"),
            ("numpy.einsum", "py:function", "reference/generated/$.html"),
            ("numpy.random.Generator", "py:class", "reference/random/generator.html"),
            (
                "numpy.lib.stride_tricks.sliding_window_view",
                "py:function",
                "reference/generated/$.html",
            ),
        ],
    ),
    "matplotlib": (
        "3",
        [
            ("matplotlib.axes.Axes", "py:class", "api/_as_gen/$.html"),
            ("matplotlib.figure.Figure", "py:class", "api/_as_gen/$.html"),
        ],
    ),
    "torch": (
        "2",
        [
            ("torch.Tensor", "py:class", "tensors.html#$"),
            ("torch.device", "py:class", "tensor_attributes.html#$"),
            ("torch.dtype", "py:class", "tensor_attributes.html#$"),
            ("torch.nn.Module", "py:class", "generated/$.html"),
            # the names under which autodoc finds the base classes
            ("torch.nn.modules.module.Module", "py:class", "generated/torch.nn.Module.html"),
            (
                "torch.nn.modules.container.Sequential",
                "py:class",
                "generated/torch.nn.Sequential.html",
            ),
            ("torch.nn.Sequential", "py:class", "generated/$.html"),
            *[
                (f"torch.nn.functional.{name}", "py:function", "generated/$.html")
                for name in (
                    "adaptive_avg_pool2d",
                    "avg_pool2d",
                    "batch_norm",
                    "conv2d",
                    "conv_transpose2d",
                    "cross_entropy",
                    "fold",
                    "max_pool2d",
                    "pad",
                    "unfold",
                )
            ],
        ],
    ),
}


def inventory(project: str, version: str, names: list[tuple[str, str, str]]) -> bytes:
    """Return a Sphinx inventory, version 2: four lines of header, then compressed lines."""
    header = (
        "# Sphinx inventory version 2\n"
        f"# Project: {project}\n"
        f"# Version: {version}\n"
        "# The remainder of this file is compressed using zlib.\n"
    )
    lines = "".join(f"{name} {role} 1 {address} -\n" for name, role, address in sorted(names))
    return header.encode() + zlib.compress(lines.encode(), 9)


if __name__ == "__main__":
    for project, (version, names) in PROJECTS.items():
        (HERE / f"{project}.inv").write_bytes(inventory(project, version, names))
