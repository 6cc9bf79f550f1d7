#!/usr/bin/env bash
# The one way to install Asterisk for agi-app. The Docker image and the sandbox both run this file, so what
# the tests use is what an image holds.
#
# Debian unstable (sid) carries a supported Asterisk; Debian 13 (trixie) has no asterisk package at all and
# Debian 12 an unsupported one. So this runs inside a sid system: the image starts from debian:sid-slim, the
# sandbox from a small sid root. On another release it stops before it changes anything.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: install.sh [--trim] [--allow-old-mirror]

Installs Asterisk (20.16 or later, or 22.6 or later) and the English core sounds from the Debian packages of the
system it runs in, and checks the version that arrived.

  --trim              remove what a call never needs: manual pages, documentation, translations, package lists
  --allow-old-mirror  accept package lists whose date has passed (a frozen or lagging mirror, a wrong clock);
                      signatures are still checked. For the sandbox; leave it out for an image you deploy
TEXT
}

trim=no
update_options=()
for argument in "$@"; do
  case "$argument" in
    --trim) trim=yes ;;
    --allow-old-mirror) update_options=(-o Acquire::Check-Valid-Until=false) ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 1 ;;
  esac
done

say() { printf 'install.sh: %s\n' "$*"; }
die() { printf 'install.sh: %s\n' "$*" >&2; exit 2; }

# supported VERSION: 20.16 and later 20.x, 22.6 and later 22.x, and every even (LTS) release after that.
supported() {
  local major minor
  major=${1%%.*}
  minor=${1#*.}
  minor=${minor%%[!0-9]*}
  [[ $major =~ ^[0-9]+$ && $minor =~ ^[0-9]+$ ]] || return 1
  ((major == 20 && minor >= 16)) || ((major == 22 && minor >= 6)) || ((major >= 24 && major % 2 == 0))
}

[[ $(id -u) == 0 ]] || die "must run as root, inside the image or the sandbox root"
command -v apt-get >/dev/null || die "this system has no apt-get; use a Debian sid image or root"

export DEBIAN_FRONTEND=noninteractive
say "reading the package lists"
apt-get update -q "${update_options[@]}" || die "apt-get update failed (see above; --allow-old-mirror accepts an old mirror)"

candidate=$(apt-cache policy asterisk | sed -n 's/^ *Candidate: *\([0-9]*:\)\{0,1\}//p')
[[ -n $candidate && $candidate != "(none)" ]] ||
  die "this release has no asterisk package (Debian 13 has none); use Debian sid: FROM debian:sid-slim, or debootstrap sid"
supported "$candidate" ||
  die "this release offers Asterisk $candidate; 20.16 or later, or 22.6 or later, is needed; use Debian sid"

# A package must not start a service while an image or a root is built.
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi

say "installing Asterisk $candidate and its sounds"
apt-get install -q -y --no-install-recommends asterisk asterisk-core-sounds-en-wav

installed=$(asterisk -V | sed 's/^Asterisk *//')
supported "$installed" || die "Asterisk $installed was installed, which is not supported"

if [[ $trim == yes ]]; then
  say "trimming"
  apt-get clean
  rm -rf /var/lib/apt/lists/* /usr/share/doc/* /usr/share/man/* /usr/share/info/* /usr/share/locale/* \
    /var/cache/debconf/*-old /var/log/apt /var/log/dpkg.log /usr/share/asterisk/documentation/thirdparty
fi
say "Asterisk $installed is installed"
