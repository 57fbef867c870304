#!/usr/bin/python
"""Files from which programs and builds take proxies and extra certificate authorities."""

DOCUMENTATION = r"""
module: network_settings
short_description: Hands proxies and extra certificate authorities to programs and builds
version_added: 1.0.0
description:
  - Makes in one folder a bundle of what the system trusts and the extra authorities (C(ca-bundle.pem),
    C(ca-extra.pem)), a file with all settings that only its owner reads (C(settings.json)) and a configuration of
    Docker's client for builds (C(docker/config.json)). Where a setting is empty its files are removed.
  - A proxy's password is in no output, on no command line and in no image.
options:
  folder:
    description: Where the files are.
    type: path
    required: true
  http_proxy:
    description: Proxy for http addresses.
    type: str
    default: ""
  https_proxy:
    description: Proxy for https addresses.
    type: str
    default: ""
  no_proxy:
    description: Names reached without a proxy, beside this host and the cluster.
    type: str
    default: ""
  ca_bundle:
    description: File of extra certificate authorities in PEM form.
    type: path
    default: ""
  system_bundle:
    description: File of the authorities that are trusted already; the system's own when empty or missing.
    type: path
    default: ""
  docker_config:
    description: Folder of the user's configuration of Docker's client, whose sign-ins and plugins stay in force.
    type: path
    default: ~/.docker
attributes:
  check_mode:
    support: full
  diff_mode:
    description: Names of files, never their content.
    support: partial
author:
  - The todo.k8s team
"""

EXAMPLES = r"""
- name: Hand the network's settings on
  todo.k8s.network_settings:
    folder: "{{ todo_state_dir }}/network"
    https_proxy: http://proxy.example.com:3128
    ca_bundle: /etc/company/ca.pem
"""

RETURN = r"""
files:
  description: The files that are there now.
  type: list
  elements: str
  returned: success
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.todo.k8s.plugins.module_utils import network


def main():
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "folder": {"type": "path", "required": True},
            "http_proxy": {"type": "str", "default": "", "no_log": True},
            "https_proxy": {"type": "str", "default": "", "no_log": True},
            "no_proxy": {"type": "str", "default": ""},
            "ca_bundle": {"type": "path", "default": ""},
            "system_bundle": {"type": "path", "default": ""},
            "docker_config": {"type": "path", "default": "~/.docker"},
        },
        supports_check_mode=True,
    )
    options = module.params
    settings = network.Settings(
        options["http_proxy"], options["https_proxy"], options["no_proxy"], options["ca_bundle"]
    )
    store = network.Store(Path(options["folder"]))
    try:
        problems = settings.problems()
        if problems:
            module.fail_json(msg="; ".join(str(problem) for problem in problems))
        system = network.system_bundle(options["system_bundle"])
        files = store.wanted(settings, system, Path(options["docker_config"]))
        differing = store.differing(files)
        before = [path for path in differing if path.exists()]
        if differing and not module.check_mode:
            store.write(files)
    except network.NetworkError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(
            msg=f"network settings: {error.filename}: {error.strerror}; needed a folder that can be written"
        )
    names = sorted(str(path) for path in files)
    told = ", ".join(path.name for path in differing)
    module.exit_json(
        changed=bool(differing),
        files=names,
        msg=f"written or removed, as the settings changed: {told}" if differing else "as the settings say",
        diff={
            "before": "".join(f"{path}\n" for path in before),
            "after": "".join(f"{path}\n" for path in differing if path in files),
        },
    )


if __name__ == "__main__":
    main()
