"""API pages list what the packages hold on the day of the build.

A line ``% api: cnnlib.reference`` in a page becomes one section for each module of that package. If
the package exports names (``__all__``), those are documented, under the short name that readers
import, and longer names link to them; if not, each module's own public names are.
"""

import importlib
import inspect
import pkgutil
import re

import book_links
from sphinx.util.nodes import make_refnode

OURS = {"cnnlib", "autograder"}
MARKER = re.compile(r"^% api: (\S+)$", re.MULTILINE)
OPTIONAL = {"triton"}  # compiles GPU kernels; modules that need it export nothing to these pages


def public_names(module):
    """Names that a module offers: its ``__all__``, else the public things defined in it."""
    if hasattr(module, "__all__"):
        return list(module.__all__)
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (inspect.isfunction(value) or inspect.isclass(value))
        and value.__module__ == module.__name__
    ]


def describe(qualified_name, value):
    """Return the autodoc directive for one object, as lines of reStructuredText."""
    if inspect.isclass(value):
        return [f".. autoclass:: {qualified_name}", "   :members:", "   :show-inheritance:", ""]
    if callable(value):
        return [f".. autofunction:: {qualified_name}", ""]
    return [f".. autodata:: {qualified_name}", "   :no-value:", ""]


def section(source, module, owner, names):
    """One module: a heading, its chapters, its docstring, its names as attributes of ``owner``."""
    documented = {f"{owner.__name__}.{name}": getattr(owner, name) for name in names}
    chapters = book_links.back(source, module, documented, find)
    lines = [f".. automodule:: {module.__name__}", "   :no-index:", "   :no-members:", ""]
    for name, value in documented.items():
        lines += describe(name, value)
    heading, body = module.__name__.rpartition(".")[2], "\n".join(lines)
    return f"## {heading}\n\n{chapters}```{{eval-rst}}\n{body}\n```\n"


def submodules(package):
    """Import the public modules that lie directly in a package, in alphabetical order."""
    found = []
    for info in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        if info.name.rpartition(".")[2].startswith("_"):
            continue
        try:
            found.append(importlib.import_module(info.name))
        except ModuleNotFoundError as missing:
            if missing.name not in OPTIONAL:
                raise
    return found


def listing(source, name):
    """MyST text for a module, or for a package and the modules in it."""
    module = importlib.import_module(name)
    if not hasattr(module, "__path__"):
        return section(source, module, module, public_names(module))
    inside = {inner.__name__: inner for inner in submodules(module)}
    exported = [
        public
        for public in getattr(module, "__all__", [])
        if not inspect.ismodule(getattr(module, public))
    ]
    if not exported:
        plain = [inner for inner in inside.values() if not hasattr(inner, "__path__")]
        return "\n".join(section(source, inner, inner, public_names(inner)) for inner in plain)
    at_home = {inner: [] for inner in [*inside, name]}
    for public in exported:
        home = getattr(getattr(module, public), "__module__", name)
        at_home[home if home in inside else name].append(public)
    return "\n".join(
        section(source, inside.get(home, module), module, names)
        for home, names in at_home.items()
        if names
    )


def fill(app, docname, source):
    """Replace the markers of a page by the listings."""
    source[0] = MARKER.sub(lambda match: listing(app.srcdir, match[1]), source[0])


def skip_what_others_wrote(app, what, name, member, skip, options):
    """Leave out methods that a base class of another library put into one of our classes."""
    home = getattr(member, "__module__", None) or ""
    if callable(member) and home and home.partition(".")[0] not in OURS:
        return True
    return None


def api_pages_are_always_read(app, env, added, changed, removed):
    """Docstrings change without the page's file changing."""
    return [name for name in env.found_docs if name.startswith("book/api/")]


def resolve_other_names(app, env, node, contnode):
    """Link a longer name to the place where the same object is documented.

    ``cnnlib.reference.conv.conv2d`` leads to ``cnnlib.reference.conv2d``. A name that exists in the
    course's packages but has no place on these pages is shown without a link; what does not exist
    stays a warning.
    """
    target = node.get("reftarget", "")
    if node.get("refdomain") != "py":
        return None
    wanted = find(target)
    if wanted is None and node.get("py:module"):
        wanted = find(f"{node['py:module']}.{target}")
    if wanted is None:
        return None
    short = target.rpartition(".")[2]
    for name, entry in env.get_domain("py").objects.items():
        if name.rpartition(".")[2] == short and find(name) is wanted:
            return make_refnode(
                app.builder, node["refdoc"], entry.docname, entry.node_id, contnode, name
            )
    home = getattr(wanted, "__module__", None) or getattr(wanted, "__name__", "")
    return contnode if home.partition(".")[0] in OURS else None


def find(dotted):
    """Walk a dotted name, importing modules on the way; None if it does not exist.

    An attribute goes before a module of the same name: ``cnnlib.reference.pad`` is the function.
    """
    value, path = None, ""
    for part in dotted.split("."):
        path = f"{path}.{part}" if path else part
        try:
            value = getattr(value, part) if hasattr(value, part) else importlib.import_module(path)
        except (ImportError, ValueError):
            return None
    return value


def connect(app):
    """Register the events."""
    app.connect("source-read", fill)
    book_links.connect(app)
    app.connect("autodoc-skip-member", skip_what_others_wrote)
    app.connect("env-get-outdated", api_pages_are_always_read)
    app.connect("missing-reference", resolve_other_names)
