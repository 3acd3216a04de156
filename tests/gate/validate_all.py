"""Runs in the validator's own environment: what `registry-mgmt asset validate` says of each folder, as JSON.

One process for all of them, as starting it takes seconds. Its exit code is 0 where it refuses a folder, too.
"""

import contextlib
import io
import json
import sys
import traceback
from importlib.metadata import entry_points

(command,) = entry_points(group="console_scripts", name="registry-mgmt")
main = command.load()
said = {}
for folder in json.load(sys.stdin):
    out = io.StringIO()
    sys.argv = ["registry-mgmt", "asset", "validate", "--asset-path", folder]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            main()
        except SystemExit as ended:
            out.write(f"\nexit {ended.code}\n" if ended.code else "")
        except Exception:  # noqa: BLE001 - it fails so on a source that it does not know
            traceback.print_exc(file=out)
    said[folder] = out.getvalue()
json.dump(said, sys.stdout)
