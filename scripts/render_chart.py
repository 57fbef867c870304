"""Renders the chart with every values file and variant for a dry run on a cluster; prints what was written, as JSON."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from chart_checks.dry_run import write_all
from chart_checks.model import CheckError
from chart_checks.render import render_all


def main() -> int:
    """Render; the exit code says whether everything was."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bin_dir", type=Path, help="folder with helm")
    parser.add_argument("folder", type=Path, help="where the renderings go")
    parser.add_argument("--namespace", required=True, help="the objects' namespace")
    parser.add_argument("--taken", type=int, nargs="*", default=[], help="node ports that the cluster has given")
    options = parser.parse_args()
    try:
        renderings = render_all(options.bin_dir / "helm", options.folder, options.namespace)
    except CheckError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(write_all(renderings, options.folder, set(options.taken))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
