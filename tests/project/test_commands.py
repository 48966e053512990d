"""The commands that the README, the guide for contributors and the workflows name."""

import os
import re
import shutil
import subprocess

import pytest
import yaml

from tests.conftest import LONGEST

from .conftest import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))


def test_the_contributors_table_and_the_makefile_name_the_same_commands():
    table = set(
        re.findall(r"^\| `make ([a-z-]+)` \|", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    )
    assert table == TARGETS


def test_make_alone_prints_every_command():
    printed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^  make ([a-z-]+) ", printed, re.MULTILINE)) == TARGETS


def test_every_command_is_phony():
    """A folder named `site` or `test` must not make the command of that name do nothing."""
    [phony] = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    assert set(phony.split()) == TARGETS


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_documents_name_commands_and_files_that_exist(document):
    text = (ROOT / document).read_text()
    assert set(re.findall(r"\bmake ([a-z-]+)`", text)) <= TARGETS
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert link.startswith("http") or (ROOT / link).exists(), link


def test_every_script_that_the_makefile_starts_exists():
    started = re.findall(r"scripts/\w+\.py", MAKEFILE)
    assert started
    assert [path for path in started if not (ROOT / path).is_file()] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_call_commands_that_exist(path):
    workflow = yaml.safe_load(path.read_text())
    assert set(workflow) >= {
        "name",
        True,
        "jobs",
        "permissions",
    }  # YAML reads the word `on` as true
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    assert all(("uses" in step) != ("run" in step) for step in steps)
    commands = "\n".join(step.get("run", "") for step in steps)
    assert set(re.findall(r"\bmake ([a-z-]+)", commands)) <= TARGETS
    assert [p for p in re.findall(r"scripts/\w+\.py", commands) if not (ROOT / p).is_file()] == []


def test_the_workflows_are_those_that_the_course_needs():
    assert [path.stem for path in WORKFLOWS] == ["links", "pages", "tests", "weekly"]
    tests = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text())
    assert tests["jobs"]["tests"]["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]


def test_hooks_start_programs_that_exist():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    for hook in hooks:
        for path in re.findall(r"scripts/\w+\.py", hook["entry"]):
            assert (ROOT / path).is_file(), hook["id"]
        assert hook["entry"].startswith(".venv/bin/")


@pytest.mark.parametrize(
    ("recipe", "code", "last"),
    [
        ("@echo; echo '12 passed, 0 failed'", 0, "12 passed, 0 failed"),
        ("@echo '11 passed, 1 failed'; exit 1", 2, "11 passed, 1 failed"),
        ("@echo 'no network'; exit 1", 2, "0 passed, 1 failed"),
    ],
)
def test_the_build_servers_command_ends_with_the_counts_and_tells_the_truth(
    tmp_path, recipe, code, last
):
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    (tmp_path / "Makefile").write_text(f"test:\n\t{recipe}\n")
    done = subprocess.run(
        [tmp_path / ".ci" / "run"],
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={k: v for k, v in os.environ.items() if not k.startswith("MAKE")},
    )
    assert done.returncode == code
    assert done.stdout.splitlines()[-1] == last


def test_what_is_started_first_exists(script):
    assert [name for name in LONGEST if not (ROOT / name).is_file()] == []
    checks = script("run_checks")
    assert set(checks.LONGEST) <= {path.name[:2] for path in (ROOT / "book").glob("*.ipynb")}
    chapters = checks.longest_first(["book/04-a.ipynb", "book/12-b.ipynb", "book/08-c.ipynb"])
    assert [path[5:7] for path in chapters] == ["08", "12", "04"]


def test_large_files_are_refused(tmp_path, script, capsys):
    refuse = script("refuse_large_files")
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(b"0" * refuse.LIMIT)
    large.write_bytes(b"0" * (refuse.LIMIT + 1))
    assert refuse.main([str(small), str(tmp_path / "deleted")]) == 0
    assert refuse.main([str(small), str(large)]) == 1
    assert str(large) in capsys.readouterr().out
