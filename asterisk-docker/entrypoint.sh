#!/usr/bin/env bash
# What the image runs: writes the configuration from the environment and the secrets (see configure.sh --help), then runs
# Asterisk. A secret is a file below /run/secrets, or a variable such as AGI_APP_ARI_PASSWORD. When it is told to end,
# calls in progress may end first, and no new one begins; told twice, it ends at once.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
for name in ari-password ami-password agi-token; do
  file=/run/secrets/$name
  variable=${name^^}
  if [[ -r $file ]]; then export "AGI_APP_${variable//-/_}=$(<"$file")"; fi
done
"$here/configure.sh" --to /etc/asterisk --state /var/lib/agi-app/asterisk "$@"
unset AGI_APP_ARI_PASSWORD AGI_APP_AMI_PASSWORD AGI_APP_AGI_TOKEN

how=gracefully
# shellcheck disable=SC2329  # the trap calls it
end() {
  asterisk -rx "core stop $how" >/dev/null || kill -TERM "$child"
  how=now
}
asterisk -f &
child=$!
trap end INT TERM
status=0
wait "$child" || status=$?
while kill -0 "$child" 2>/dev/null; do
  status=0
  wait "$child" || status=$?
done
exit "$status"
