"""Which files a sandbox needs so that a list of packages can be imported, and nothing else can."""

from __future__ import annotations

import ast
import functools
import importlib.metadata
import importlib.util
import re
import site
import sys
from collections.abc import Iterable
from pathlib import Path

from autograder.parsing import parse

#: What the processes themselves import.
ENGINE = ("IPython", "numpy")

Bind = tuple[Path, str]  # a path here, and where it appears in the sandbox


class UnknownPackage(Exception):  # noqa: N818 -- what it says
    """An assignment names a package that is not installed."""


@functools.cache
def _distributions() -> dict[str, list[str]]:
    return {
        name: list(found) for name, found in importlib.metadata.packages_distributions().items()
    }


def _key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _requirements(distribution: importlib.metadata.Distribution) -> list[str]:
    from packaging.requirements import Requirement

    names = []
    for text in distribution.requires or ():
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            names.append(requirement.name)
    return names


@functools.cache
def binds_for(packages: tuple[str, ...]) -> tuple[Bind, ...]:
    """Files for process A: the named packages, what they depend on, and what the engine needs."""
    binds: dict[str, Path] = {}
    pending: list[str] = []
    for name in (*ENGINE, *packages):
        top = name.partition(".")[0]
        owners = _distributions().get(top, [])
        if top == "autograder":
            raise UnknownPackage("the engine itself cannot be one of an assignment's packages")
        if not owners or _is_this_project(owners[0]):
            binds.update(_local(name))
        else:
            pending.append(owners[0])
    done: set[str] = set()
    while pending:
        name = pending.pop()
        if _key(name) in done:
            continue
        done.add(_key(name))
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # an optional part that is not installed
        for file in distribution.files or ():
            top = file.parts[0]
            if top not in ("..", "__pycache__") and not top.endswith(".pth"):
                binds.setdefault(f"/packages/{top}", Path(str(distribution.locate_file(top))))
        pending += _requirements(distribution)
    return tuple((path, place) for place, path in sorted(binds.items()) if path.exists())


def _is_this_project(distribution: str) -> bool:
    return "autograder" in {
        name for name, owners in _distributions().items() if distribution in owners
    }


def _folder(top: str) -> Path:
    spec = importlib.util.find_spec(top)
    if spec is None or spec.origin is None:
        raise UnknownPackage(
            f"the assignment wants the package {top!r}, which is not installed here"
        )
    path = Path(spec.origin)
    return path.parent if path.name == "__init__.py" else path


def _local(name: str) -> dict[str, Path]:
    """A package beside the course: all of it, or one part with the parts that it imports."""
    top, _, part = name.partition(".")
    folder = _folder(top)
    if not part:
        return {f"/course/{folder.name}": folder}
    binds = {f"/course/{top}/__init__.py": folder / "__init__.py"}
    pending, done = [part], set()
    while pending:
        part = pending.pop().partition(".")[0]
        if part in done:
            continue
        done.add(part)
        path = folder / part
        if not path.is_dir():
            path = folder / f"{part}.py"
        if not path.exists():
            raise UnknownPackage(f"the assignment wants {top}.{part}, which does not exist")
        binds[f"/course/{top}/{path.name}"] = path
        for file in path.rglob("*.py") if path.is_dir() else [path]:
            pending += [
                n.split(".")[1] for n in imported_names(file.read_text()) if n.startswith(f"{top}.")
            ]
    return binds


def imported_names(source: str) -> set[str]:
    """Dotted names that a piece of code imports absolutely."""
    try:
        tree = parse(source)
    except SyntaxError:
        return set()
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name for name in names if "." in name or name}


def binds_for_tests(sources: Iterable[str]) -> tuple[Bind, ...]:
    """Files for process B: all that is installed, and the course's packages that tests import."""
    binds: dict[str, Path] = {}
    for number, folder in enumerate(site_folders()):
        binds[f"/packages{number or ''}"] = folder
    for source in sources:
        for name in imported_names(source):
            top = name.partition(".")[0]
            if top in sys.stdlib_module_names or top == "autograder":
                continue
            try:
                folder = _folder(top)
            except (UnknownPackage, ValueError):
                continue  # the import in the test will say so in its own words
            if not any(folder.is_relative_to(parent) for parent in site_folders()):
                binds[f"/course/{folder.name}"] = folder
    return tuple((path, place) for place, path in sorted(binds.items()))


def site_folders() -> list[Path]:
    """Where this interpreter keeps installed packages."""
    found = [Path(path) for path in site.getsitepackages()]
    return [path for path in dict.fromkeys(found) if path.is_dir()]


def folders_to_hide(prefix: Path) -> list[str]:
    """Folders of installed packages, of a Python that is shown as /python and of the system."""
    found = []
    for root, place in (
        (prefix, "/python"),
        (Path("/usr"), "/usr"),
        (Path("/usr/local"), "/usr/local"),
    ):
        for folder in sorted(root.glob("lib*/python3*/*-packages")):
            if folder.is_dir() and not folder.is_symlink():
                found.append(f"{place}/{folder.relative_to(root)}")
    return list(dict.fromkeys(found))
