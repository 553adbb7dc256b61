#!/bin/sh
# What the tests need of the machine beside Python: Chromium, in which the officers'
# pages are tried, Pango, which draws their PDF, poppler, by which it is looked at, and
# SoftHSM, whose tokens stand for those of officers. All are Debian's. Where they are missing, root gets them installed and is told so;
# anybody else is told what to do.
# A MariaDB, against which its connector is tried, is installed for root alone: without
# one (or CHILDGRID_TEST_MARIADB_URL) those tests are skipped and say so. So is systemd,
# whose analyzer judges the units; it is not started.
set -eu
missing=
[ -x "${CHILDGRID_CHROMIUM:-/usr/bin/chromium}" ] || missing=chromium
for library in libpango-1.0 libpangoft2-1.0; do
    python3 -c "import ctypes; ctypes.CDLL('$library.so.0')" 2>/dev/null ||
        missing="$missing $library-0"
done
command -v pdftoppm >/dev/null || missing="$missing poppler-utils"
command -v softhsm2-util >/dev/null || missing="$missing softhsm2"
[ "$(id -u)" -ne 0 ] || [ -n "${CHILDGRID_TEST_MARIADB_URL:-}" ] ||
    PATH="$PATH:/usr/sbin" command -v mariadbd >/dev/null ||
    missing="$missing mariadb-server-core"
[ "$(id -u)" -ne 0 ] || command -v systemd-analyze >/dev/null ||
    missing="$missing systemd libseccomp2"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "missing on this machine:$missing; as root: apt-get install $missing" >&2
    echo "(another Chromium: set CHILDGRID_CHROMIUM to its path)" >&2
    exit 1
fi
echo "installing what the tests need of the machine: $missing"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 - a list of names
apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1 ||
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; }
