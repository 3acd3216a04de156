#!/usr/bin/env bash
# Keeps one issue for REPORT up to date with what step.sh wrote. A report that could not be made closes nothing.
set -euo pipefail

here="$(cd "$(dirname "$0")" && pwd)"
source "$here/key.sh"
declare -A titles=([drift]="The registry ${REGISTRY:+$REGISTRY }differs from the model folders" [retiring]="Machine sizes that go")
if [ ! -e "$OUT/$REPORT.md" ]; then
  echo "There is no report of $REPORT." >&2
  exit 1
fi
python3 "$here/review.py" issue "publish-$REPORT$key" "$OUT/$REPORT.md" --title "${titles[$REPORT]}"
