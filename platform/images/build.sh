#!/bin/sh
# Builds the images of this folder with docker, podman or buildah: `make images`. From the environment:
#
#   REGISTRY  what stands before their names, as in the chart's `images.registry`
#   TAG       their tag; the version of this repository, which is what the chart asks for
#   IMAGES    some of them, such as "hub service"
#   BASE      another base; the Dockerfiles say what it needs
#   PUSH      1 to push each one
#   TOOL      the program, with options of its own; else the first that is there
#   FLAGS     further options of its build
set -eu
cd "$(dirname "$0")/../.."

TAG=${TAG:-$(sed -n 's/^version = "\(.*\)"$/\1/p' pyproject.toml)}
if [ -z "${TOOL:-}" ]; then
    if docker version >/dev/null 2>&1; then TOOL=docker
    elif command -v podman >/dev/null; then TOOL=podman
    elif command -v buildah >/dev/null; then TOOL=buildah
    else echo "Cannot build images: no docker that answers, no podman, no buildah. Install one of them." >&2; exit 3
    fi
fi

for name in ${IMAGES:-hub service user user-gpu}; do
    image=${REGISTRY:+$REGISTRY/}$name:$TAG
    # TOOL and FLAGS are lists of words.
    # shellcheck disable=SC2086
    $TOOL build ${BASE:+--build-arg "BASE=$BASE"} ${FLAGS:-} --file "platform/images/$name/Dockerfile" --tag "$image" .
    # shellcheck disable=SC2086
    if [ "${PUSH:-0}" = 1 ]; then $TOOL push "$image"; fi
    echo "$image"
done
