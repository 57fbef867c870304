"""What a wished base image may say: the argument specification of every module that takes one."""

from __future__ import annotations


def _list(elements: str = "str", **more: object) -> dict:
    return {"type": "list", "elements": elements, **more}


USER = {
    "name": {"type": "str", "required": True},
    "uid": {"type": "int", "required": True},
    "gid": {"type": "int"},
    "home": {"type": "str"},
    "shell": {"type": "str"},
}
FILE = {
    "path": {"type": "str", "required": True},
    "content": {"type": "str"},
    "src": {"type": "path"},
    "mode": {"type": "str"},
    "early": {"type": "bool"},
}
DEBIAN = {
    "suite": {"type": "str", "default": "bookworm"},
    "variant": {"type": "str", "default": "essential"},
    "packages": _list(default=[]),
    "users": _list("dict", default=[], options=USER),
    "files": _list("dict", default=[], options=FILE, mutually_exclusive=[("content", "src")]),
    "customize": _list(default=[]),
    "hooks": _list(default=[]),
    "exclude": _list(default=[]),
    "include": _list(default=[]),
    "trim": {"type": "bool", "default": True},
    "env": {"type": "dict", "default": {}},
    "entrypoint": _list(),
    "cmd": _list(),
    "workdir": {"type": "str"},
    "user": {"type": "str"},
    "stopsignal": {"type": "str"},
    "expose": _list(),
    "volumes": _list(),
}
BASE = {
    "name": {"type": "str", "required": True},
    "official": {"type": "str"},
    "debian": {"type": "dict", "options": DEBIAN},
}
SOURCE = {"type": "str", "choices": ["auto", "official", "debian"], "default": "auto"}
