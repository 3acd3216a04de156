#!/usr/bin/env bash
# Says in the summary whether the plan in OUT is the one that the pull request of this commit showed as the artifact NAME.
set -euo pipefail

here="$(dirname "$0")"
python3 "$here/review.py" plan "$NAME" "$OUT/shown.json"
python3 "$here/compare.py" "$OUT/shown.json" "$OUT/plan.json" | tee -a "${GITHUB_STEP_SUMMARY:-$OUT/summary-shown.md}"
[ -z "${TF_BUILD:-}" ] || echo "##vso[task.uploadsummary]$OUT/summary-shown.md"
