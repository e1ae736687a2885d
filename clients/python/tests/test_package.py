"""What is published: it builds from a clean checkout, installs into a fresh environment, and the README runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path
from typing import Dict, List

import pytest
from processes import Playground, start_playground

HERE = Path(__file__).resolve().parents[1]
ROOT = HERE.parents[1]
EXAMPLE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
ALONE = """
import countersign
assert countersign.dialects()
for name in ("requests", "httpx"):
    try:
        getattr(countersign, name)
    except ImportError as error:
        print(error)
"""
# The playground of the README listens where it does if nothing is said.
PORTS = {"8080": "genesys", "8000": "voss", "8443": "vmanage", "8082": "tao"}


def run(*command: object, cwd: Path, env: Dict[str, str] | None = None) -> str:
    done = subprocess.run([str(part) for part in command], cwd=cwd, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist and the wheel, made of what is in the repository and of nothing else."""
    checkout = tmp_path_factory.mktemp("checkout")
    listed = run("git", "ls-files", "-z", "LICENSE-*", "clients/dialects.json", "clients/python", cwd=ROOT)
    for name in filter(None, listed.split("\0")):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, checkout / name, follow_symlinks=False)
    # The wheel is made of the sdist.
    run(sys.executable, "-m", "build", "--no-isolation", "-o", "dist", cwd=checkout / "clients/python")
    return checkout / "clients/python/dist"


def test_both_hold_the_documents_themselves(built: Path) -> None:
    """In the repository they are a link."""
    wanted = (ROOT / "clients/dialects.json").read_bytes()
    [sdist], [wheel] = built.glob("*.tar.gz"), built.glob("*.whl")
    with tarfile.open(sdist) as archive:
        assert not [member.name for member in archive if member.issym() or member.islnk()]
        [name] = [name for name in archive.getnames() if name.endswith("countersign/dialects.json")]
        held = archive.extractfile(name)
        assert held is not None
        assert held.read() == wanted
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read("countersign/dialects.json") == wanted
        names = archive.namelist()
        assert "countersign/py.typed" in names
        assert sum("licenses/LICENSE" in name for name in names) == 2
        assert not [name for name in names if "test" in name]


@pytest.mark.parametrize("kind", ["*.tar.gz", "*.whl"])
@pytest.mark.timeout(600)
def test_the_examples_of_the_readme_run_in_a_fresh_environment(built: Path, kind: str, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv/bin/python"
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    [package] = built.glob(kind)
    run(python, "-m", "pip", "install", "-q", "--disable-pip-version-check", package, cwd=tmp_path, env=env)
    # It needs nothing by itself, and says what it needs for the rest.
    assert run(python, "-c", ALONE, cwd=tmp_path, env=env).split("\n")[:2] == [
        '`countersign.requests` needs `requests`: pip install "countersign[requests]"',
        '`countersign.httpx` needs `anyio`: pip install "countersign[httpx]"',
    ]
    extras = f"{package}[requests,httpx]"
    run(python, "-m", "pip", "install", "-q", "--disable-pip-version-check", extras, cwd=tmp_path, env=env)

    # A bundle of the machine's would count for the second example, which is about plain sessions.
    env = {name: value for name, value in env.items() if name not in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")}
    # The examples make things that are there only once.
    with start_playground() as playground:
        said = [
            run(python, "-W", "ignore:Unverified", "-c", example, cwd=tmp_path, env=env)
            for example in examples(playground)
        ]
    assert len(said) == 4
    assert "'Achitecture': 'amd64'" in said[0]
    assert said[1].splitlines() == ["201", "{'statusCode': 0}", "{'statusCode': 0}"]
    assert "'success': True" in said[2]
    assert said[2].endswith("204\n")
    assert said[3] == "{200}\n"


def examples(playground: Playground) -> List[str]:
    found = EXAMPLE.findall((HERE / "README.md").read_text(encoding="utf-8"))
    for port, service in PORTS.items():
        actual = getattr(playground, service).split("//")[1]
        found = [example.replace(f"127.0.0.1:{port}", actual) for example in found]
    return found
