#!/usr/bin/env bash
# Writes a working /etc/asterisk from the templates in etc/asterisk and from dialplan/. The Docker image runs it at
# each start, the sandbox for each of its Asterisks.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: configure.sh --to DIR --state DIR [--sandbox-trunk NAME=127.x.y.z:PORT]... [KEY=VALUE]...

Writes Asterisk's configuration into --to, and makes the folders Asterisk writes into below --state. Each VALUE may
also come from the environment as AGI_APP_KEY.

  ARI_PASSWORD   (kept from an earlier run, else generated)   ENTITY_ID    (kept, else generated; as 02:xx:xx:xx:xx:xx)
  HTTP_PORT      8088           port of ARI on 127.0.0.1
  SIP_BIND       127.0.0.1:5060 address of the SIP socket; a real trunk needs one the carrier can reach
  SIP_PUBLIC     (none)         public address, if this machine is behind NAT
  RTP_START      10000          RTP_END      20000            four UDP ports a call
  STRICT_RTP     yes            SYSTEM_NAME  agi-app          MAX_FILES    20000
  AMI_ENABLED    yes            AMI_PORT     5038             AMI_PASSWORD (kept, else generated)
  AGI_TOKEN      (kept, else generated)                       AGI_PORT     4573
  ETC_DIR        (--to)         STATE_DIR    (--state)        these two folders as Asterisk itself sees them

--sandbox-trunk writes a trunk that cannot leave this machine. Without it pjsip_trunks.conf is left as it is: copy
pjsip_trunk_carrier.conf to that name and fill it in.
TEXT
}

die() { printf 'configure.sh: %s\n' "$*" >&2; exit 1; }

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
templates=$here/etc/asterisk
dialplan=$(dirname "$here")/dialplan

to='' state='' trunks=()
declare -A value=(
  [ARI_PASSWORD]='' [ENTITY_ID]='' [HTTP_PORT]=8088 [SIP_BIND]=127.0.0.1:5060 [SIP_PUBLIC]='' [RTP_START]=10000
  [RTP_END]=20000 [STRICT_RTP]=yes [SYSTEM_NAME]=agi-app [MAX_FILES]=20000 [AMI_ENABLED]=yes [AMI_PORT]=5038
  [AMI_PASSWORD]='' [AGI_TOKEN]='' [AGI_PORT]=4573 [ETC_DIR]='' [STATE_DIR]=''
)
for key in "${!value[@]}"; do
  from_environment=AGI_APP_$key
  [[ -z ${!from_environment:-} ]] || value[$key]=${!from_environment}
done
while (($#)); do
  case "$1" in
    -h | --help) usage; exit 0 ;;
    --to) to=${2:?--to needs a folder}; shift 2 ;;
    --state) state=${2:?--state needs a folder}; shift 2 ;;
    --sandbox-trunk) trunks+=("${2:?--sandbox-trunk needs NAME=ADDRESS}"); shift 2 ;;
    *=*)
      [[ -v value[${1%%=*}] ]] || die "unknown setting ${1%%=*}; see --help"
      value[${1%%=*}]=${1#*=}
      shift
      ;;
    *) usage >&2; exit 1 ;;
  esac
done
[[ $to == /* && $state == /* ]] || die "--to and --state need absolute paths"
for key in "${!value[@]}"; do
  [[ ${value[$key]} != *[$'\n;']* ]] || die "$key may hold no line break and no semicolon"
done

# random_hex BYTES
random_hex() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }
# kept FILE KEY: the value an earlier run wrote
kept() { [[ ! -r $to/$1 ]] || sed -n "s/^ *$2 *= *//p" "$to/$1" | head -n 1; }

: "${value[ARI_PASSWORD]:=$(kept ari.conf password)}"
: "${value[ARI_PASSWORD]:=$(random_hex 24)}"
: "${value[AMI_PASSWORD]:=$(kept manager.conf secret)}"
: "${value[AMI_PASSWORD]:=$(random_hex 24)}"
: "${value[AGI_TOKEN]:=$(kept extensions.conf AGI_APP_TOKEN)}"
: "${value[AGI_TOKEN]:=$(random_hex 24)}"
: "${value[ENTITY_ID]:=$(kept asterisk.conf entityid)}"
: "${value[ENTITY_ID]:=$(random_hex 5 | sed 's/../:&/g; s/^/02/')}"

: "${value[ETC_DIR]:=$to}"
: "${value[STATE_DIR]:=$state}"
value[SIP_TRANSPORT_EXTRA]='; behind NAT: set SIP_PUBLIC'
if [[ -n ${value[SIP_PUBLIC]} ]]; then
  value[SIP_TRANSPORT_EXTRA]="external_signaling_address = ${value[SIP_PUBLIC]}"$'\n'"external_media_address = ${value[SIP_PUBLIC]}"
fi

# filled FILE: the template with its placeholders filled in
filled() {
  local text key
  text=$(<"$1")
  for key in "${!value[@]}"; do
    text=${text//"@$key@"/"${value[$key]}"}
  done
  [[ ! $text =~ @[A-Z_]+@ ]] || die "${1##*/}: nothing fills ${BASH_REMATCH[0]}"
  printf '%s\n' "$text"
}

umask 077
mkdir -p "$to" "$state"/{db,keys,cache,spool/recording,run,log}
for template in "$templates"/*.conf; do
  name=${template##*/}
  case "$name" in
    pjsip_trunk_*) ;;
    *) filled "$template" >"$to/$name" ;;
  esac
done
printf '%s\n' "${value[ARI_PASSWORD]}" >"$to/ari_password" # for agi-app's setting asterisk.password_file
printf '%s\n' "${value[AMI_PASSWORD]}" >"$to/ami_password" # for agi-app's setting ami.password_file
printf '%s\n' "${value[AGI_TOKEN]}" >"$to/agi_token" # for agi-app's setting agi.token_file
cp "$dialplan"/*.conf "$to"/
cp "$templates/pjsip_trunk_carrier.conf" "$to"/

if ((${#trunks[@]})); then
  : >"$to/pjsip_trunks.conf"
  identified=no
  for trunk in "${trunks[@]}"; do
    value[TRUNK]=${trunk%%=*}
    value[TRUNK_ADDRESS]=${trunk#*=}
    [[ ${value[TRUNK]} =~ ^[A-Za-z0-9-]+$ ]] || die "a trunk's name has letters, digits and hyphens: ${value[TRUNK]}"
    [[ ${value[TRUNK_ADDRESS]} =~ ^127(\.[0-9]{1,3}){3}:[0-9]+$ ]] ||
      die "a sandbox trunk's address is in 127.0.0.0/8 with a port: ${value[TRUNK_ADDRESS]}"
    filled "$templates/pjsip_trunk_sandbox.conf" >>"$to/pjsip_trunks.conf"
    # Calls coming in cannot be told apart by address on one machine: they belong to the first trunk.
    if [[ $identified == no ]]; then
      filled "$templates/pjsip_trunk_sandbox_identify.conf" >>"$to/pjsip_trunks.conf"
      identified=yes
    fi
  done
elif [[ ! -e $to/pjsip_trunks.conf ]]; then
  printf '; No trunk yet: see pjsip_trunk_carrier.conf.\n' >"$to/pjsip_trunks.conf"
fi
