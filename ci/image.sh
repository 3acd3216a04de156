#!/usr/bin/env bash
# Builds the image of this commit and pushes it as TAG to the container registry of the repository; its name and digest are
# outputs of the step. Times of files are those of the commit, so that the same commit makes the same image.
set -euo pipefail

cd "$(dirname "$0")/.."
name="ghcr.io/${GITHUB_REPOSITORY,,}"
SOURCE_DATE_EPOCH="$(git log -1 --format=%ct)"
export SOURCE_DATE_EPOCH
printf %s "$GITHUB_TOKEN" | docker login ghcr.io --username "$GITHUB_ACTOR" --password-stdin
docker buildx create --use
docker buildx build --provenance mode=max --sbom true --metadata-file image.json \
  --build-arg SOURCE_DATE_EPOCH --build-arg "VERSION=${TAG#v}" --build-arg "REVISION=$(git rev-parse HEAD)" \
  --tag "$name:${TAG#v}" --output type=image,push=true,rewrite-timestamp=true .
{
  echo "name=$name"
  echo "digest=$(python3 -c 'import json; print(json.load(open("image.json"))["containerimage.digest"])')"
} >> "$GITHUB_OUTPUT"
