"""The figures to play with, for a page that is opened as a file.

Browsers run no modules from a file, so an unpacked archive would show its figures only with a
server in front. Here the same modules become one ordinary script: each in a function of its own,
whose exports the others take from a table. A page asks for it only when its address is a file;
from a server it gets the modules it needs, as before.
"""

import posixpath
import re
from pathlib import Path

NAME = "course-from-a-file.js"
IMPORT = re.compile(r'^import (\{[^}]*\}) from "(\.[^"]+)";\n', re.M)
EXPORT = re.compile(r"^export ((?:const|function|class) (\w+))", re.M)
LEFT = re.compile(r"^\s*(?:import|export)\b|\bimport(?:\.meta|\(\")", re.M)
LOADER = "explorers/load.js"  # fetches modules one by one, which is what cannot be done here


def as_function(name, source):
    """One module as an entry of the table ``modules``."""
    folder = posixpath.dirname(name)

    def taken(found):
        module = posixpath.normpath(posixpath.join(folder, found.group(2)))
        return f'const {found.group(1)} = modules["{module}"];\n'

    exports = [word for _, word in EXPORT.findall(source)]
    body = EXPORT.sub(r"\1", IMPORT.sub(taken, source))
    if LEFT.search(re.sub(r"/\*.*?\*/", "", body, flags=re.S)):
        raise ValueError(f"{name} imports or exports in a way that classic_scripts.py cannot read")
    return f'modules["{name}"] = (() => {{\n{body}\nreturn {{ {", ".join(exports)} }};\n}})();\n'


def in_order(static, names):
    """The modules that are named and all that they import, each behind what it imports."""
    done = {}

    def add(name):
        if name in done:
            return
        source = (static / name).read_text("utf8")
        for _, path in IMPORT.findall(source):
            add(posixpath.normpath(posixpath.join(posixpath.dirname(name), path)))
        done[name] = source

    for name in names:
        add(name)
    return done


def bundle(static):
    """The text of the script."""
    explorers = sorted(
        f"explorers/{name}"
        for name in re.findall(r'"\./([\w-]+\.js)"', (static / LOADER).read_text("utf8"))
    )
    names = [*explorers, "questions/questions.js", "scrollable.js", "print.js"]
    modules = [as_function(*item) for item in in_order(static, names).items()]
    return '"use strict";\n(() => {\nconst modules = {};\n' + "".join(modules) + "})();\n"


def request(pathto):
    """What a page says: fetch the script if this page is a file."""
    return (
        'if (location.protocol === "file:") document.head.append(Object.assign('
        f'document.createElement("script"), {{ src: "{pathto}", defer: true }}));'
    )


def write(app, exception):
    """Put the script beside the modules."""
    if exception is None and app.builder.format == "html":
        static = Path(app.outdir) / "_static"
        (static / NAME).write_text(bundle(static), "utf8")


def add(app, pagename, templatename, context, doctree):
    """Give every page its request."""
    app.add_js_file(None, body=request(context["pathto"](f"_static/{NAME}", 1)))


def connect(app):
    """Write before the pages are made light (600)."""
    app.connect("html-page-context", add)
    app.connect("build-finished", write)
