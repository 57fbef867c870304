"""image/finish.py, which the backends' images are finished with, and the modules that it is told."""

import importlib.util
import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from todo_testing.service import CHATBOT_BACKEND, PROCESS, TODO_BACKEND

SCRIPT = Path(__file__).resolve().parents[1] / "image/finish.py"
spec = importlib.util.spec_from_file_location("finish", SCRIPT)
finish = importlib.util.module_from_spec(spec)
spec.loader.exec_module(finish)


def run(*arguments):
    return subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True, check=False)


def test_bytecode_and_modes_do_not_follow_times_and_umask(tmp_path):
    contents = []
    for name, seconds in (("one", 1_000_000_000), ("two", 1_100_000_000)):
        folder = tmp_path / name
        (folder / "app").mkdir(parents=True)
        source = folder / "app/a.py"
        source.write_text("X = {'a', 'b'} | frozenset('cde')\n")
        source.chmod(0o664)
        os.utime(source, (seconds, seconds))
        assert run("application", folder).returncode == 0
        (made,) = folder.rglob("*.pyc")
        # The source's path is in the bytecode: it is the same in every build, and left out of this comparison.
        contents.append(made.read_bytes().replace(name.encode(), b"___"))
        assert struct.unpack("<I", made.read_bytes()[4:8]) == (1,), "unchecked-hash"
        assert {int(path.stat().st_mtime) for path in [folder, *folder.rglob("*")]} == {finish.EPOCH}
        assert oct(source.stat().st_mode) == "0o100644"
    assert contents[0] == contents[1]


def test_an_environment_keeps_what_is_imported(tmp_path):
    site = tmp_path / "lib"
    for name in ("pkg/__init__.py", "pkg/used.py", "pkg/unused.py", "pkg/tests/test_a.py", "pkg/used.pyi"):
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text("import pkg\n" if name == "pkg/used.py" else "")
    done = subprocess.run(
        [sys.executable, SCRIPT, "environment", tmp_path, "pkg.used"], env={"PYTHONPATH": str(site)}, check=False
    )
    assert done.returncode == 0
    names = sorted(path.name for path in tmp_path.rglob("*") if path.is_file())
    assert [name.split(".")[0] for name in names if name.endswith(".pyc")] == ["__init__", "used"]
    assert [name for name in names if name.endswith((".py", ".pyi"))] == ["__init__.py", "unused.py", "used.py"]


def test_what_nothing_uses_is_left_out(tmp_path):
    site = tmp_path / "lib/python3.11/site-packages"
    for name in ("pkg/__init__.py", "pkg/de.py", "pkg/en.py", "pkg/more/a.txt"):
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text("")

    def finish_without(*patterns):
        options = [f"--without={pattern}" for pattern in patterns]
        command = [sys.executable, SCRIPT, "environment", tmp_path, *options, "pkg.en"]
        return subprocess.run(command, env={"PYTHONPATH": str(site)}, capture_output=True, text=True, check=False)

    assert finish_without("pkg/[!e_]*.py", "pkg/more").returncode == 0
    assert sorted(path.name for path in site.rglob("*.*")) == ["__init__.cpython-311.pyc", "__init__.py",
                                                                "en.cpython-311.pyc", "en.py"]  # fmt: skip
    again = finish_without("pkg/more")
    assert (again.returncode, "pkg/more" in again.stderr) == (1, True)


def test_a_library_without_symbols_is_shorter_and_still_loads(tmp_path):
    import pydantic_core._pydantic_core as other
    import sqlalchemy.engine._row_cy as full_of_symbols

    for number, module in enumerate((full_of_symbols, other)):
        whole = Path(module.__file__).read_bytes()
        shorter = finish.without_symbols(whole)
        assert len(shorter) < len(whole) / (1 if number else 2)
        assert finish.without_symbols(shorter) == shorter
        library = tmp_path / f"{number}.so"
        library.write_bytes(shorter)
        code = "import ctypes, sys; getattr(ctypes.PyDLL(sys.argv[1]), 'PyInit_' + sys.argv[2])"
        name = module.__name__.rpartition(".")[2]
        assert subprocess.run([sys.executable, "-c", code, library, name], check=False).returncode == 0
    assert finish.without_symbols(b"no library") == b"no library"


def test_a_missing_module_ends_the_build():
    assert run("environment", "/nonexistent", "no_such_module").returncode == 1
    assert run("environment", "/nonexistent").returncode == 2


@pytest.mark.parametrize("backend", [TODO_BACKEND, CHATBOT_BACKEND], ids=lambda path: path.parent.name)
def test_the_image_has_bytecode_of_all_that_the_application_imports(backend):
    """What is loaded by importing every file of the application, and is not in the Dockerfile's list, is compiled at
    every start."""
    words = re.search(r"environment /opt/venv \\\n((?:.*\\\n)*.*)", (backend / "Dockerfile").read_text())[1]
    listed = " ".join(word for word in words.replace(chr(92), " ").split() if not word.startswith(("--", "'--")))
    code = f"""
import importlib, json, os, pkgutil, sys
for name in {listed.split()}:
    importlib.import_module(name)
before = set(sys.modules)
os.environ |= {{"POSTGRES_PASSWORD": "x" * 12, "JWT_SECRET_KEY": "k" * 40}}
import app, backend_common
for package in (app, backend_common):
    for part in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        # Alembic runs env.py, and only after setting the stage for it.
        if part.name not in ("app.__main__", "backend_common.migrations.env"):
            importlib.import_module(part.name)
later = {{name: getattr(sys.modules[name], "__file__", None) or "" for name in set(sys.modules) - before}}
print("LACKS", sorted(name for name, file in later.items() if "site-packages" in file and file.endswith(".py")))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=backend, env=PROCESS, capture_output=True, text=True, check=False
    )
    assert "LACKS []" in done.stdout, done.stdout + done.stderr
