"""Finishes what an image is made of, so that the same sources give the same files, and none that nothing uses.

    finish.py environment FOLDER [--without=PATTERN...] MODULE...
                                             a virtual environment: bytecode of what the modules import, without stubs,
                                             tests and symbols for debuggers, and without files that nothing uses: glob
                                             patterns below site-packages, each of which has to match something
    finish.py application FOLDER             the application: bytecode of all

Bytecode is made here, as the containers' root file system is read-only. It does not look at its source's time
(unchecked-hash), which differs with every build. All times become EPOCH, and a checkout's umask leaves no trace.
Run it with the Python of the environment.
"""

import importlib
import os
import py_compile
import shutil
import struct
import sys
from pathlib import Path

# What lies below is copied to / of the image.
STAGE = Path("/image")
# 2025-01-01, as in the bases that are made from Debian packages.
EPOCH = int(os.environ.get("SOURCE_DATE_EPOCH") or 1735689600)
LEFT_OUT = ("tests", "testing")
WITHOUT = "--without="


def compile_file(source: Path) -> None:
    """Write the bytecode of one file beside it. Raises py_compile.PyCompileError."""
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(str(source), doraise=True, invalidation_mode=mode)


def imported(modules: list[str], folder: Path) -> list[Path]:
    """Source files below `folder` of everything that importing `modules` loads, in a fixed order."""
    sys.dont_write_bytecode = True
    for module in modules:
        importlib.import_module(module)
    found = {Path(file) for module in list(sys.modules.values()) if (file := getattr(module, "__file__", None))}
    return sorted(file for file in found if file.suffix == ".py" and file.is_relative_to(folder))


def without_symbols(content: bytes) -> bytes:
    """A 64-bit little-endian ELF library cut off after what is loaded at run time; anything else as it is.

    Sections at the end hold what debuggers read; loading a library goes by its segments alone.
    """
    if content[:6] != b"\x7fELF\x02\x01":
        return content
    (table,) = struct.unpack_from("<Q", content, 32)
    size, count = struct.unpack_from("<HH", content, 54)
    end = table + size * count
    for number in range(count):
        offset, _address, _physical, length = struct.unpack_from("<4Q", content, table + size * number + 8)
        end = max(end, offset + length)
    head = bytearray(content[:64])
    struct.pack_into("<Q", head, 40, 0)  # where the table of sections would be
    struct.pack_into("<HH", head, 60, 0, 0)  # how many there are, and which of them names the others
    return bytes(head) + content[64:end]


def leave_out(folder: Path, patterns: list[str]) -> None:
    """Delete what `patterns` name. A pattern that matches nothing ends the build: what it was for has moved."""
    for pattern in patterns:
        found = list(folder.glob(f"lib/python*/site-packages/{pattern}"))
        if not found:
            sys.exit(f"finish.py: nothing matches {pattern}; needed: a pattern of the installed versions")
        for path in found:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def environment(folder: Path, modules: list[str]) -> None:
    """Finish a virtual environment."""
    for stub in folder.rglob("*.pyi"):
        stub.unlink()
    for name in LEFT_OUT:
        for tests in [path for path in folder.rglob(name) if path.is_dir()]:
            shutil.rmtree(tests)
    for library in folder.rglob("*.so*"):
        if not library.is_symlink():
            library.write_bytes(without_symbols(library.read_bytes()))
    # After the cutting: that every module can still be imported is its proof.
    for source in imported(modules, folder):
        compile_file(source)


def application(folder: Path) -> None:
    """Finish an application."""
    for source in sorted(folder.rglob("*.py")):
        compile_file(source)


def settle(folder: Path) -> None:
    """Give everything below and including `folder` the same time, and modes that do not follow anybody's umask."""
    folder = folder.resolve()
    if folder.is_relative_to(STAGE):
        folder = STAGE
    for path in [*folder.rglob("*"), folder]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        os.utime(path, (EPOCH, EPOCH), follow_symlinks=False)


def main(arguments: list[str]) -> int:
    """Entry point; the exit status."""
    match arguments:
        case ["environment", folder, *rest] if modules := [word for word in rest if not word.startswith("--")]:
            leave_out(Path(folder), [word.removeprefix(WITHOUT) for word in rest if word.startswith(WITHOUT)])
            environment(Path(folder), modules)
        case ["application", folder]:
            application(Path(folder))
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    settle(Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
