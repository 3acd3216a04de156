# publish with git, for a user without rights:
#   docker build --tag publish . && docker run --rm --volume "$PWD:/project" publish lint
# The base is named by its digest, so that the same commit makes the same image; the tag says which Python and Debian it is.
# Packages of Debian are those of the day on which the base was made, packages of Python those of requirements/run.txt.
ARG BASE=python:3.13-slim-trixie@sha256:9d2e5553305c7c7b0097999bb17187c69b921ccd6bc9d40e4bb5ebe652c00285

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore \
    PYTHONHASHSEED=0
WORKDIR /source
COPY requirements/run.txt requirements/run.txt
RUN python -m venv --without-pip /opt/publish \
    && python -m pip --python /opt/publish/bin/python install --no-compile --no-deps --require-hashes \
      --requirement requirements/run.txt
COPY LICENSE README.md pyproject.toml ./
COPY docs/rules docs/rules
COPY templates templates
COPY src src
# What builds the package is not needed to run it. Compiled code is checked by nothing, so it holds no times of files.
RUN python -m pip --python /opt/publish/bin/python install --no-compile --no-deps --no-build-isolation . \
    && python -m pip --python /opt/publish/bin/python uninstall --yes editables hatchling pathspec pluggy trove-classifiers \
    && /opt/publish/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/publish/lib

FROM ${BASE}
ARG SOURCE_DATE_EPOCH=0
ARG VERSION=0.1.0
ARG REVISION=""
LABEL org.opencontainers.image.title="azureml-publish" \
      org.opencontainers.image.description="Lint, render, plan and register Azure ML models from folders in git" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# The base names the snapshot of Debian that it was made from; git comes from there, so its version is that day's.
# hadolint ignore=DL3008
RUN sed -i '/^# http.*snapshot/{N;s|^# \(.*\)\nURIs: .*|URIs: \1|}' /etc/apt/sources.list.d/debian.sources \
    && apt-get -o Acquire::Check-Valid-Until=false update \
    && apt-get install --no-install-recommends --yes git \
    && rm -rf /var/lib/apt/lists/* /var/log/apt /var/log/dpkg.log /var/cache/ldconfig/aux-cache \
    && git config --system --add safe.directory /project \
    && useradd --uid 10001 --no-log-init --create-home publish
COPY --from=build /opt/publish /opt/publish
ENV PATH=/opt/publish/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /project
ENTRYPOINT ["publish"]
CMD ["--help"]
