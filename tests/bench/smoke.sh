#!/usr/bin/env bash
# The programs of scripts/bench work, on few processes. No time is looked at: a busy machine is no fault.
set -euo pipefail
: "${PROCSNAP_CORE:?}"
tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
if [ "$(id -u)" -ne 0 ] || ! unshare --pid --fork --mount --net --mount-proc true 2>/dev/null; then
    echo "skipped: scripts/bench needs namespaces of its own, and so root"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$tree/scripts/bench" --smoke >"$work/table"
cat "$work/table"
for text in 'card: wall' 'standard: CPU of all' 'standard: wall' 'first byte' 'peak memory' 'CPU per process' \
    'CPU per descriptor' 'procsnap-core: size' 'builder' 'quiet reader' 'memory reader' 'phases'; do
    grep -q "$text" "$work/table" || { echo "FAIL: the table has no '$text'" >&2; exit 1; }
done
! grep -q 'failed:' "$work/table"
