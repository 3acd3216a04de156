# Sets `key`, which tells the names of artifacts, branches and issues of one project and registry from those of another in
# the same repository: -REGISTRY-DIRECTORY, of letters that such names may have.
# shellcheck shell=bash
key="${REGISTRY:+-$REGISTRY}"
[ "${DIRECTORY:-.}" = . ] || key+="-$DIRECTORY"
# shellcheck disable=SC2034 # for whoever sources this
key="${key//[^a-zA-Z0-9._-]/-}"
