#!/bin/sh
# tools/need.sh PROGRAM=PACKAGE...
# Installs the Debian packages of the programs that are missing, as root; otherwise names them and ends with 2.
# PROGRAM `venv` stands for what Debian leaves out of Python: the modules venv and ensurepip of $PYTHON;
# `python-dev` for what C programs with $PYTHON inside are built with; `kamailio-tls` for Kamailio's module.
set -eu

# Servers are where an ordinary user's PATH does not look.
PATH=$PATH:/usr/sbin

has() {
    case "$1" in
        venv) "${PYTHON:-python3}" -c 'import ensurepip, venv' >/dev/null 2>&1 ;;
        python-dev)
            header=$("${PYTHON:-python3}" -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h
            [ -f "$header" ]
            ;;
        kamailio-tls) ls /usr/lib/*/kamailio/modules/tls.so >/dev/null 2>&1 ;;
        *) command -v "$1" >/dev/null 2>&1 ;;
    esac
}

missing=
for need in "$@"; do
    has "${need%%=*}" || missing="$missing ${need#*=}"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "missing Debian packages:$missing" >&2
    echo "install them (apt-get install$missing), then run make again" >&2
    exit 2
fi
echo "installing Debian packages:$missing"
case "$missing" in
    *kamailio*)
        # The package would start a SIP proxy on every address of this machine.
        if [ ! -e /lib/systemd/system/kamailio.service ] && [ -d /etc/systemd/system ]; then
            ln -sf /dev/null /etc/systemd/system/kamailio.service
            echo "Kamailio's service is masked; to use it: systemctl unmask kamailio"
        fi
        ;;
esac
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # one word a package
apt-get install --yes --quiet --no-install-recommends $missing >/dev/null 2>&1 || {
    apt-get update --quiet
    apt-get install --yes --quiet --no-install-recommends $missing
}
for need in "$@"; do
    has "${need%%=*}" || { echo "still missing: ${need%%=*} (package ${need#*=})" >&2; exit 2; }
done
