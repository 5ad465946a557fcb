#!/bin/sh
# What the service runs: the long run of this checkout, in its own environment. Call it by hand the same way:
#   set -a; . /etc/impulse/collect.env; set +a; deploy/aws/collect.sh
set -eu
umask 077
cd "$(dirname "$0")/../.."
if [ ! -x .venv/bin/python ]; then
    echo "long run: error: there is no .venv in $PWD; call make install there" >&2
    exit 78
fi
export PYTHONPATH=stages PYTHONUNBUFFERED=1
exec .venv/bin/python -m impulse long-run
