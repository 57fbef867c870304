"""Loads an image that is larger than the engine's store. Usage: fill_engine.py ADDRESS FOLDER MEGABYTES

Prints what the collection's own code makes of the engine's answer.
"""

import os
import sys
import tarfile
from pathlib import Path

from ansible_collections.todo.k8s.plugins.module_utils.image_store import ImageStore, StoreError

address, folder, megabytes = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
content, archive = folder / "content", folder / "large.tar"
content.write_bytes(os.urandom(megabytes * 2**20))
with tarfile.open(archive, "w") as tar:
    tar.add(content, "content")
config = {"architecture": "amd64", "os": "linux", "config": {}}
try:
    ImageStore(address).load_tree(archive, "todo-k8s/too-large:1", config)
except StoreError as error:
    print(error)
    sys.exit(0)
finally:
    content.unlink()
    archive.unlink()
sys.exit("the image was loaded")
