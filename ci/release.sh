#!/usr/bin/env bash
# Keeps one pull request of a release up to date, from what `step.sh` wrote for the verb bump: new versions in the model
# folders, and their text in OUT. It has a branch to itself: each run writes it anew from BASE, unless it
# would be the same. A commit of somebody else on it is kept, and ends the run. PUSH_TOKEN may push.
set -euo pipefail

here="$(cd "$(dirname "$0")" && pwd)"
source "$here/key.sh"
branch="publish-release$key"
author=publish@localhost
title="Release to ${REGISTRY:-the registry}"
cd "${DIRECTORY:-.}"
if [ -n "${PUSH_TOKEN:-}" ]; then
  # In the environment and not on a command line: other processes can read those.
  GIT_CONFIG_KEY_0="http.$(git remote get-url origin).extraheader"
  export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0
  GIT_CONFIG_VALUE_0="AUTHORIZATION: basic $(printf 'x-access-token:%s' "$PUSH_TOKEN" | base64 | tr -d '\n')"
  export GIT_CONFIG_VALUE_0
fi
there=
if git fetch --quiet --no-tags origin "+refs/heads/$branch:refs/remotes/origin/$branch" 2> /dev/null; then
  there="$(git rev-parse "refs/remotes/origin/$branch")"
  others="$(git log --format=%ae "HEAD..$there" | grep -vcx "$author" || true)"
  if [ "$others" != 0 ]; then
    echo "Somebody else committed to $branch; merge or close its pull request, and delete the branch." >&2
    exit 6
  fi
fi
if [ -s "$OUT/bump.md" ]; then
  git add -- models
  [ -z "$(git ls-files build)" ] || git add -- build
  git -c user.name=publish -c "user.email=$author" -c commit.gpgsign=false commit --quiet --message "$title"
  if [ -z "$there" ] || ! git diff --quiet "$there" HEAD; then
    git push --quiet --force-with-lease="$branch:$there" origin "HEAD:refs/heads/$branch"
  fi
fi
python3 "$here/review.py" pull "$branch" "$OUT/bump.md" --title "$title" --base "$BASE"
