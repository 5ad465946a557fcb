#!/bin/sh
# Switches the machine off after a run that is done, where collect.env has IMPULSE_POWEROFF=yes. systemd calls it as root after
# every end of the service, with the end in EXIT_CODE and EXIT_STATUS; install.sh keeps a copy where only root writes.
# A run that was stopped ends with another code, and one that needs a change needs the machine to make it.
set -eu
[ "${IMPULSE_POWEROFF:-no}" = yes ] || exit 0
[ "${EXIT_CODE:-}" = exited ] && [ "${EXIT_STATUS:-}" = 0 ] || exit 0
exec shutdown -P +5 "impulse is done; shutdown -c keeps this machine on"
