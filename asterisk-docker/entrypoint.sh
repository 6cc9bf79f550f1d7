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

# in_use PORT WHAT: Asterisk would go on without what it cannot listen on. The engine tries again.
in_use() {
  echo "entrypoint.sh: port $1 ($2) is in use on this host: end what uses it, or set another one" >&2
  sleep 5
  exit 1
}
for port in "${AGI_APP_HTTP_PORT:-8088}" "${AGI_APP_AMI_PORT:-5038}"; do
  if (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then in_use "$port" "of HTTP or the manager interface"; fi
done
sip=${AGI_APP_SIP_BIND:-127.0.0.1:5060}
if grep -q "$(printf ':%04X ' "${sip##*:}")" <(cut -c 1-24 /proc/net/udp); then in_use "${sip##*:}" SIP; fi

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
while kill -0 "$child" 2>/dev/null; do
  wait "$child" || true # a signal ends this, not Asterisk
done
wait "$child"
