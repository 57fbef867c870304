"""Runs a module of the collection as the user nobody. Usage: as_nobody.py MODULE < arguments as JSON

The interpreter and the modules may lie in folders that are closed to nobody: everything is imported before the rights
are given up.
"""

import importlib
import json
import os
import pkgutil
import pwd
import sys

from ansible.module_utils import basic
from ansible.module_utils._internal._json import _profiles

for profile in pkgutil.iter_modules(_profiles.__path__, f"{_profiles.__name__}."):
    importlib.import_module(profile.name)  # how arguments and results are written; loaded at their first use
module = importlib.import_module(f"ansible_collections.todo.k8s.plugins.modules.{sys.argv[1]}")
options = json.load(sys.stdin)
basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": options}).encode()
basic._ANSIBLE_PROFILE = "legacy"
nobody = pwd.getpwnam("nobody")
os.setgroups([])
os.setgid(nobody.pw_gid)
os.setuid(nobody.pw_uid)
os.environ.update(HOME="/nonexistent", PATH="/usr/bin:/bin")
module.main()
