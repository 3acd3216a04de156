"""The tests. jsonschema comes after this, without a library that compiles a grammar for two seconds in each worker."""

import sys

sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # no schema of ours has such addresses
