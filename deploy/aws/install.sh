#!/bin/sh
# Makes the service out of the checkout that this script is in: .venv from the lock, the unit, a start at every boot.
# Called by cloud-init as root. Call it again after the checkout was changed.
set -eu
user=impulse
checkout=$(cd "$(dirname "$0")/../.." && pwd)
environment=/etc/impulse/collect.env
unit=impulse-collect.service

fail() {
    echo "install: error: $1" >&2
    exit 1
}

[ "$(id -u)" = 0 ] || fail "needs root"
id "$user" >/dev/null 2>&1 || fail "there is no user $user; the user data of cloud-init makes it"
grep -q "^WorkingDirectory=$checkout\$" "$checkout/deploy/aws/$unit" || fail "the unit expects another folder than $checkout"
[ -f "$environment" ] || fail "$environment is missing"
chown root:root "$environment"
chmod 0600 "$environment"

runuser -u "$user" -- make -s -C "$checkout" install
install -m 0644 "$checkout/deploy/aws/$unit" "/etc/systemd/system/$unit"
systemctl daemon-reload
systemctl enable "$unit"
systemctl restart "$unit"
