#!/usr/bin/env bash
# The release binaries load nothing from the machine that they run on, carry no path of the machine that built them, and
# come out the same from two folders. PROCSNAP and PROCSNAP_CORE name the binaries.
set -euo pipefail
: "${PROCSNAP:?}" "${PROCSNAP_CORE:?}"
tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "FAIL: $*" >&2
    exit 1
}

for binary in "$PROCSNAP" "$PROCSNAP_CORE"; do
    readelf -hW "$binary" | grep -q 'Type: *DYN' || fail "$binary is not position-independent"
    readelf -lW "$binary" >"$work/segments"
    ! grep -q INTERP "$work/segments" || fail "$binary asks for a program interpreter"
    grep -q GNU_RELRO "$work/segments" || fail "$binary has no RELRO"
    grep 'GNU_STACK' "$work/segments" | grep -q 'RW ' || fail "$binary has an executable stack"
    readelf -dW "$binary" >"$work/dynamic"
    ! grep -q NEEDED "$work/dynamic" || fail "$binary needs a shared library"
    grep -q BIND_NOW "$work/dynamic" || fail "$binary binds lazily"
    ! grep -qF -e "$tree" -e "$("$tree/scripts/deps" --path)" "$binary" || fail "$binary holds a path of this machine"
done

# The tables of pointers can be written only until main: a program that waits for its input has them read-only.
mkfifo "$work/input"
exec 9<>"$work/input"
for binary in "$PROCSNAP" "$PROCSNAP_CORE"; do
    "$binary" verify - <"$work/input" >/dev/null 2>&1 9>&- &
    page=$(readelf -lW "$binary" | awk '$1 == "GNU_RELRO" { print substr($2, 3, length($2) - 5) "000" }')
    for ((i = 0; i < 600; i++)); do
        awk -v page="$page" '$3 ~ page "$" && $2 == "r--p" { found = 1 } END { exit !found }' "/proc/$!/maps" && break
        sleep 0.1
    done
    kill $!
    wait $! || true
    [ "$i" -lt 600 ] || fail "$binary can write its tables of pointers"
done
exec 9>&-

# What core has of the network is the prober's socket: no name is resolved, no TLS, no HTTP library, no roots.
map=$PROCSNAP_CORE.map
grep -q 'libcrypto.a(' "$map" || fail "$map does not tell what was linked"
for part in libcurl libssl getaddrinfo res_msend lookup_name libps_delivery; do
    ! grep -q "$part" "$map" || fail "$PROCSNAP_CORE was linked with $part"
done
strings -a "$PROCSNAP_CORE" >"$work/strings"
for text in 'SSL routines' SSL_CTX https:// X509 libcurl; do
    ! grep -qF "$text" "$work/strings" || fail "$PROCSNAP_CORE holds '$text'"
done
[ "$(stat -c %s "$PROCSNAP")" -le 6000000 ] || fail "$PROCSNAP is larger than 6 MB"

# Nothing but the binary in its root directory: no libc, no /etc, no /dev, no /proc.
if [ "$(id -u)" -eq 0 ]; then
    mkdir "$work/empty"
    cp "$PROCSNAP" "$work/empty/procsnap"
    chroot "$work/empty" /procsnap selftest >/dev/null || fail "the self-test fails in an empty root"
fi

mkdir -p "$work/a" "$work/another"
tar -C "$tree" --exclude=./build --exclude=./evidence -c . | tar -C "$work/a" -x
cp -a "$work/a" "$work/another/folder"
for folder in "$work/a" "$work/another/folder"; do
    (cd "$folder" && cmake --preset release && cmake --build --preset release -- --quiet) >"$work/log" 2>&1 ||
        { cat "$work/log"; fail "no build in $folder"; }
done
for name in procsnap procsnap-core; do
    cmp "$work/a/build/release/$name" "$work/another/folder/build/release/$name" || fail "two builds of $name differ"
done
