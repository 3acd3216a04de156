#!/usr/bin/env bash
# One verb of publish as a step of a workflow: VERB on MODELS in DIRECTORY. What it makes lies in OUT; GITHUB_OUTPUT gets
# exit-code, and of a plan its file and the number of its actions by kind. ARGUMENTS and MODELS are split at blanks.
set -uo pipefail

read -r -a models <<< "${MODELS:-}"
read -r -a more <<< "${ARGUMENTS:-}"
[ -z "${SINCE:-}" ] || more+=(--since "$SINCE")
registry=()
[ -z "${REGISTRY:-}" ] || registry=(--registry "$REGISTRY")
out="${OUT:-$RUNNER_TEMP/publish}"
output="${GITHUB_OUTPUT:-/dev/null}"
summary="${GITHUB_STEP_SUMMARY:-/dev/null}"
mkdir -p "$out"
cd "${DIRECTORY:-.}" || exit 2

code=0
case "$VERB" in
  lint)
    publish lint "${models[@]}" "${more[@]}" --format github || code=$?
    publish lint "${models[@]}" "${more[@]}" --format sarif > "$out/lint.sarif" || true
    ;;
  render)
    # Where what is rendered is reviewed in git, it has to be up to date.
    check=()
    [ -z "$(git ls-files build 2> /dev/null)" ] || check=(--check)
    publish render "${models[@]}" "${more[@]}" "${check[@]}" || code=$?
    ;;
  plan)
    publish plan "${models[@]}" "${registry[@]}" "${more[@]}" --out "$out/plan.json" --format markdown > "$out/plan.md" || code=$?
    cat "$out/plan.md" >> "$summary"
    if [ -e "$out/plan.json" ]; then
      echo "plan=$out/plan.json" >> "$output"
      python3 - "$out/plan.json" >> "$output" <<'PYTHON'
import collections, json, sys
kinds = ("create", "update", "archive", "restore", "unchanged", "conflict")
counts = collections.Counter(action["action"] for action in json.load(open(sys.argv[1], encoding="utf-8"))["actions"])
print("\n".join(f"{kind}={counts[kind]}" for kind in kinds))
print(f"changes={sum(counts[kind] for kind in kinds[:4])}")
PYTHON
    fi
    ;;
  apply)
    # A saved plan is approved already; models are approved by whoever wrote the workflow.
    publish apply "${models[@]}" "${registry[@]}" "${more[@]}" --yes || code=$?
    ;;
  verify)
    publish verify "${models[@]}" "${registry[@]}" "${more[@]}" || code=$?
    ;;
  drift)
    publish drift "${models[@]}" "${registry[@]}" "${more[@]}" --format markdown > "$out/drift.md" || code=$?
    cat "$out/drift.md" >> "$summary"
    [ "$code" != 0 ] || : > "$out/drift.md"
    ;;
  retiring)
    { printf '```text\n'; publish skus retiring "${models[@]}" "${more[@]}" --no-color; } > "$out/retiring.md" || code=$?
    printf '```\n' >> "$out/retiring.md"
    cat "$out/retiring.md" >> "$summary"
    publish skus retiring "${models[@]}" "${more[@]}" -o json | grep -q '"losses": \[\]' && : > "$out/retiring.md"
    ;;
  preview)
    publish preview "${models[@]}" "${more[@]}" --export "$out/preview" || code=$?
    ;;
  *)
    publish "$VERB" "${models[@]}" "${more[@]}" || code=$?
    ;;
esac
echo "exit-code=$code" >> "$output"
exit "$code"
