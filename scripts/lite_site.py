"""JupyterLite for the site: assignments that need no more than NumPy run in the reader's browser.

    python scripts/lite_site.py _build/html

They open in Jupyter's own notebook page, which is built into ``lite/`` of the finished site with
the notebooks and with cnnlib's wheel. Python itself is not in it: it comes from where the cells of
the pages fetch theirs, so that a reader fetches it once.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "book" / "_ext"))

import in_browser  # noqa: E402 - beside the pages, which link to what is built here
import launch  # noqa: E402

EXTENSION = "@jupyterlite/pyodide-kernel-extension"
OF_THIS_INSTALLATION = {"INSTALLER", "REQUESTED", "RECORD", "direct_url.json"}


def pack_installed(name: str, folder: Path) -> Path:
    """A wheel of a package as it is installed here; it has to be pure Python."""
    package = metadata.distribution(name)
    wheel = folder / f"{name}-{package.version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(package.files or [], key=str):
            if file.suffix != ".pyc" and file.name not in OF_THIS_INSTALLATION:
                entry = zipfile.ZipInfo(file.as_posix())  # without a date: the same every time
                archive.writestr(entry, file.read_binary(), zipfile.ZIP_DEFLATED)
    return wheel


def build_settings(site: Path, scratch: Path) -> dict:
    """What ``jupyter lite build`` is told: the smallest site that can open a notebook."""
    extensions = Path(sys.prefix) / "share" / "jupyter" / "labextensions"
    [cnnlib] = site.glob("_static/runner/*.whl")
    comm = pack_installed("comm", scratch)  # the kernel would fetch it from PyPI
    return {
        "LiteBuildConfig": {
            "apps": ["notebooks"],
            "contents": [str(scratch / "contents")],
            "federated_extensions": [str(extensions / EXTENSION)],
            "ignore_sys_prefix": ["federated_extensions"],  # nbgrader's menus are for teachers
            "no_sourcemaps": True,
            "no_unused_shared_packages": True,
            "output_dir": str(site / "lite"),
        },
        "PipliteAddon": {"piplite_urls": [str(cnnlib), str(comm)]},
    }


def page_settings() -> dict:
    """What Jupyter's page is told when it opens."""
    python = {
        "pyodideUrl": f"{in_browser.PYODIDE}pyodide.mjs",
        "disablePyPIFallback": True,  # one place to fetch from, the one that the pages name
    }
    return {
        "jupyter-lite-schema-version": 0,
        "jupyter-config-data": {
            "appName": "CNN course",
            "litePluginSettings": {f"{EXTENSION}:kernel": python},
        },
    }


def drop_old_fonts(target: Path) -> None:
    """Leave out copies of fonts for browsers that know no WOFF2; Python does not run in those."""
    for font in target.glob("build/*.woff2"):
        for ending in (".eot", ".svg", ".ttf", ".woff"):
            font.with_suffix(ending).unlink(missing_ok=True)


def build(site: Path) -> None:
    """Build ``lite/`` into the finished site."""
    site = site.resolve()
    with tempfile.TemporaryDirectory(prefix="lite-") as folder:
        scratch = Path(folder)
        for path in launch.for_the_browser(ROOT):
            copy = scratch / "contents" / path
            copy.parent.mkdir(parents=True)
            shutil.copyfile(ROOT / path, copy)
        settings = scratch / "jupyter_lite_config.json"
        settings.write_text(json.dumps(build_settings(site, scratch)))
        (scratch / "jupyter-lite.json").write_text(json.dumps(page_settings()))
        command = [sys.executable, "-m", "jupyterlite_core", "build", "--lite-dir", folder]
        subprocess.run([*command, "--config", str(settings)], cwd=scratch, check=True)
    drop_old_fonts(site / "lite")


if __name__ == "__main__":
    build(Path(sys.argv[1]))
