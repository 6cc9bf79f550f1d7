#!/usr/bin/env bash
# What the image runs: writes the configuration from the environment (see configure.sh --help), then becomes Asterisk.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
"$here/configure.sh" --to /etc/asterisk --state /var/lib/agi-app/asterisk "$@"
exec asterisk -f
