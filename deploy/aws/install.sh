#!/bin/sh
# Makes the service out of the checkout that this script is in: .venv from the lock, the unit, a start at every boot.
# Called by cloud-init as root. Call it again after the checkout was changed. DESTDIR is put before all paths of the system.
set -eu
user=impulse
checkout=$(cd "$(dirname "$0")/../.." && pwd)
system=${DESTDIR:-}
environment=$system/etc/impulse/collect.env
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
install -D -m 0644 "$checkout/deploy/aws/$unit" "$system/etc/systemd/system/$unit"
install -D -m 0755 "$checkout/deploy/aws/poweroff.sh" "$system/usr/local/lib/impulse/poweroff.sh"
install -D -m 0644 "$checkout/deploy/aws/journald.conf" "$system/etc/systemd/journald.conf.d/impulse.conf"
systemctl daemon-reload
systemctl restart systemd-journald
systemctl enable "$unit"
systemctl restart "$unit"
