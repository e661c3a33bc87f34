#!/usr/bin/env bash
# setup.sh - Gradescope runs this once, while it builds the autograder's image.
set -eu
cd "${AUTOGRADER:-/autograder}/source/hello-socket"
apt-get -q update
apt-get -qy install --no-install-recommends make
FOR=grade common/bin/deps
make grade-tools
