#!/usr/bin/env bash
# One verb of publish as a step of a pipeline: VERB on MODELS in DIRECTORY. What it makes lies in OUT. GitHub and Azure
# Pipelines get exit-code, and of a plan its file and the number of its actions by kind, as outputs of the step, and a
# summary. ARGUMENTS and MODELS are split at blanks and ends of lines.
set -uo pipefail

read -r -d '' -a models <<< "${MODELS:-}"
read -r -d '' -a more <<< "${ARGUMENTS:-}"
[ -z "${SINCE:-}" ] || more+=(--since "$SINCE")
registry=()
[ -z "${REGISTRY:-}" ] || registry=(--registry "$REGISTRY")
out="${OUT:-$RUNNER_TEMP/publish}"
mkdir -p "$out"
output="${GITHUB_OUTPUT:-$out/outputs-$VERB}"
summary="${GITHUB_STEP_SUMMARY:-$out/summary-$VERB.md}"
form=text
[ -z "${GITHUB_ACTIONS:-}" ] || form=github
[ -z "${TF_BUILD:-}" ] || form=azure
here="$(cd "$(dirname "$0")" && pwd)"
source "$here/key.sh"
cd "${DIRECTORY:-.}" || exit 2

code=0
case "$VERB" in
  lint)
    publish lint "${models[@]}" "${more[@]}" --format "$form" || code=$?
    if [ -n "${GITLAB_CI:-}" ]; then
      publish lint "${models[@]}" "${more[@]}" --format gitlab > "$out/code-quality.json" || true
    else
      publish lint "${models[@]}" "${more[@]}" --format sarif > "$out/lint.sarif" || true
    fi
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
      python3 "$here/count.py" "$out/plan.json" >> "$output"
    fi
    ;;
  apply)
    # A saved plan is approved already; models are approved by whoever wrote the pipeline.
    publish apply "${models[@]}" "${registry[@]}" "${more[@]}" --yes || code=$?
    ;;
  verify)
    publish verify "${models[@]}" "${registry[@]}" "${more[@]}" || code=$?
    ;;
  drift)
    publish drift "${models[@]}" "${registry[@]}" "${more[@]}" --format markdown > "$out/drift.md" || code=$?
    cat "$out/drift.md" >> "$summary"
    # An empty report closes the issue, and a report that could not be made is none.
    case "$code" in 0) : > "$out/drift.md" ;; 9) ;; *) rm "$out/drift.md" ;; esac
    ;;
  retiring)
    { printf '```text\n'; publish skus retiring "${models[@]}" "${more[@]}" --no-color; } > "$out/retiring.md" || code=$?
    printf '```\n' >> "$out/retiring.md"
    cat "$out/retiring.md" >> "$summary"
    if [ "$code" != 0 ]; then
      rm "$out/retiring.md"
    elif publish skus retiring "${models[@]}" "${more[@]}" -o json | grep -q '"losses": \[\]'; then
      : > "$out/retiring.md"
    fi
    ;;
  bump)
    publish bump "${models[@]}" "${registry[@]}" "${more[@]}" --required --format markdown > "$out/bump.md" || code=$?
    [ -z "$(git ls-files build 2> /dev/null)" ] || publish render --quiet || code=$?
    cat "$out/bump.md" >> "$summary"
    ;;
  preview)
    publish preview "${models[@]}" "${more[@]}" --export "$out/preview" || code=$?
    ;;
  *)
    publish "$VERB" "${models[@]}" "${more[@]}" || code=$?
    ;;
esac
printf 'exit-code=%s\nkey=%s\n' "$code" "$key" >> "$output"
if [ -n "${TF_BUILD:-}" ]; then
  # https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands
  while IFS='=' read -r key value; do
    echo "##vso[task.setvariable variable=$key;isOutput=true]$value"
  done < "$output"
  [ ! -s "$summary" ] || echo "##vso[task.uploadsummary]$summary"
fi
exit "$code"
