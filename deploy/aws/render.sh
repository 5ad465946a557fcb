#!/bin/sh
# Fills in the user data: deploy/aws/render.sh REPOSITORY REVISION REGION [KEY_PARAMETER] > user-data.rendered.yaml
# Without KEY_PARAMETER the key is written into /etc/impulse/collect.env on the machine, see deploy/README.md.
# IMPULSE_NOTIFY (a command) and IMPULSE_POWEROFF (yes or no) of the environment go into that file as well.
set -eu

fail() {
    echo "render: error: $1" >&2
    exit 1
}

matches() { # one line that is the pattern and nothing else
    [ "$(printf '%s' "$1" | wc -l)" -eq 0 ] && printf '%s\n' "$1" | LC_ALL=C grep -Eqx -- "$2"
}

[ $# -ge 3 ] && [ $# -le 4 ] || fail "usage: render.sh REPOSITORY REVISION REGION [KEY_PARAMETER]"
repository=$1 revision=$2 region=$3 parameter=${4:-} notify=${IMPULSE_NOTIFY:-} poweroff=${IMPULSE_POWEROFF:-no}
matches "$repository" 'https://[A-Za-z0-9.-]+(:[0-9]+)?/[A-Za-z0-9._~/-]+' ||
    fail "REPOSITORY must look like https://host/owner/name; user data is no place for names or passwords"
matches "$revision" '[0-9a-f]{40}|v[A-Za-z0-9._-]+' ||
    fail "REVISION must be a whole commit id (40 characters) or a tag that begins with v"
matches "$region" '[a-z]{2}(-[a-z]+)+-[0-9]' || fail "REGION must look like eu-central-1"
[ -z "$parameter" ] || matches "$parameter" '/[A-Za-z0-9._/-]+' || fail "KEY_PARAMETER must look like /impulse/key"
case "$notify" in
http:* | https:*) fail "IMPULSE_NOTIFY must be a command here; write a URL into collect.env on the machine, user data is no place for it" ;;
esac
[ -z "$notify" ] || matches "$notify" '[A-Za-z0-9 ._:/=,+-]+' ||
    fail "IMPULSE_NOTIFY may have letters, digits, spaces and ._:/=,+- here"
matches "$poweroff" 'yes|no' || fail "IMPULSE_POWEROFF must be yes or no"

sed -e "s|@REPOSITORY@|$repository|" -e "s|@REVISION@|$revision|" -e "s|@REGION@|$region|" \
    -e "s|@KEY_PARAMETER@|$parameter|" -e "s|@NOTIFY@|$notify|" -e "s|@POWEROFF@|$poweroff|" "$(dirname "$0")/user-data.yaml"
