#!/usr/bin/env bash
# What people type wrong at 03:00, and what the machine denies them: each time one line that names the thing and the
# next step, the documented exit status, nothing on standard output, and nothing half-written that looks sealed.
# PROCSNAP and PROCSNAP_CORE name the binaries; both must answer alike.
set -uo pipefail
: "${PROCSNAP:?}" "${PROCSNAP_CORE:?}"

work=$(mktemp -d)
small=$work/small
cleanup() {
    mountpoint -q "$small" && umount "$small"
    chmod -R u+w "$work"
    rm -rf "$work"
}
trap cleanup EXIT
failures=0
checks=0

fail() {
    echo "FAIL: $*" >&2
    failures=$((failures + 1))
}

# No name that says sealed, wherever a run of this test may write.
nothing_sealed() { # WHAT
    local found
    found=$(find "$work/out" "$small" -name '*.tar.gz' -o -name '*.minisig' 2>/dev/null)
    [ -z "$found" ] || fail "$1: left behind $found"
}

# refused WHAT STATUS TEXT... -- COMMAND...: the command ends with the status and says every TEXT in its one line.
refused() {
    local what=$1 want=$2 texts=() status text
    shift 2
    while [ "$1" != -- ]; do texts+=("$1"); shift; done
    shift
    checks=$((checks + 1))
    mkdir -p "$work/out"
    "$@" >"$work/stdout" 2>"$work/stderr" </dev/null
    status=$?
    [ "$status" -eq "$want" ] || fail "$what: exit status $status instead of $want: $(cat "$work/stderr")"
    [ ! -s "$work/stdout" ] || fail "$what: standard output is not empty"
    [ "$(wc -l <"$work/stderr")" -eq 1 ] || fail "$what: not one line: $(cat "$work/stderr")"
    grep -q '^procsnap: ' "$work/stderr" || fail "$what: does not say who speaks: $(cat "$work/stderr")"
    LC_ALL=C grep -q '[^[:print:]]' "$work/stderr" && fail "$what: unprintable bytes on standard error"
    for text in "${texts[@]}"; do
        grep -qF -- "$text" "$work/stderr" || fail "$what: does not say \"$text\": $(cat "$work/stderr")"
    done
    nothing_sealed "$what"
    rm -rf "$work/out"
}

# The same for both binaries: @ stands for each of them.
both() {
    local what=$1 binary
    shift
    for binary in "$PROCSNAP" "$PROCSNAP_CORE"; do
        refused "$(basename "$binary"): $what" "${@/#@/$binary}"
    done
}

out=$work/out/x.tar.gz

# --- the command line alone: 2 ---
both "no command" 2 "no command" "--help" -- @
both "unknown command" 2 "colect" "did you mean collect" -- @ colect
both "unknown command with an escape sequence" 2 '\x1b[2J' "--help" -- @ $'\033[2J'
both "unknown option" 2 "--frob" "procsnap collect --help" -- @ collect "$out" --frob
both "misspelt option" 2 "--proflie" "--profile" -- @ collect "$out" --proflie card
both "no DEST" 2 "no DEST" "FILE, DIR/ or -" -- @ collect
both "two of them" 2 "name one" -- @ collect "$out" "$work/out/y.tar.gz"
both "a time without a unit" 2 "--deadline 120" "120s" -- @ collect "$out" --deadline 120
both "a missing value" 2 "--case" "--case ID" -- @ collect "$out" --case
refused "a destination without its slash" 2 "s3://bucket/key" "s3://bucket/key/" -- "$PROCSNAP" collect s3://bucket/key
refused "an upload by the core" 2 "s3://..." "FILE" -- "$PROCSNAP_CORE" collect s3://bucket/key/
both "keygen without a name" 2 "-o NAME" -- @ keygen
both "verify without a bundle" 2 "BUNDLE" -- @ verify
refused "parse without a kind" 2 "KIND" "--list" -- "$PROCSNAP" parse
refused "parse of an unknown kind" 2 "pid_stt" "pid_stat" -- "$PROCSNAP" parse pid_stt
refused "parse of a missing file" 3 "$work/none" "name a saved /proc file" -- "$PROCSNAP" parse pid_stat "$work/none"
refused "show without a bundle" 2 "BUNDLE" -- "$PROCSNAP" show
refused "a command that core does not have" 2 "parse" "--help" -- "$PROCSNAP_CORE" parse pid_stat

# --- the destination: 3 ---
both "a directory that is not there" 3 "$work/none/" "make the directory first" \
    -- @ collect "$work/none/x.tar.gz" --quiet
touch "$work/exists.tar.gz"
both "an existing file" 3 "$work/exists.tar.gz" "choose another name" -- @ collect "$work/exists.tar.gz" --quiet
[ ! -s "$work/exists.tar.gz" ] || fail "an existing file was overwritten"
ln -s "$work/victim" "$work/link.tar.gz.part"
both "a symbolic link in place of the temporary file" 3 "$work/link.tar.gz.part" "choose another name" \
    -- @ collect "$work/link.tar.gz" --quiet
[ ! -e "$work/victim" ] || fail "a symbolic link was followed"
if command -v script >/dev/null; then
    checks=$((checks + 1))
    script -qec "$PROCSNAP collect - --quiet" "$work/typescript" >/dev/null </dev/null
    grep -q "terminal" "$work/typescript" || fail "a bundle on a terminal: $(cat -v "$work/typescript")"
fi
if [ "$(id -u)" -eq 0 ]; then
    mkdir "$work/closed"
    chmod 0755 "$work"
    for i in "$PROCSNAP" "$PROCSNAP_CORE"; do
        cp "$i" "$work/tool"
        chmod 0755 "$work/tool"
        refused "a directory that is not ours" 3 "$work/closed/x.tar.gz" "may write" -- \
            setpriv --reuid=65534 --regid=65534 --clear-groups "$work/tool" collect "$work/closed/x.tar.gz" --quiet
        rm "$work/tool"
    done
    mkdir "$small"
    if mount -t tmpfs -o size=12k none "$small" 2>/dev/null; then
        for i in "$PROCSNAP" "$PROCSNAP_CORE"; do
            refused "a full disk" 3 "$small/x.tar.gz.part" "No space left" "free some space" -- \
                "$i" collect "$small/x.tar.gz" --quiet
            [ -e "$small/x.tar.gz" ] && fail "a full disk left a sealed name"
            if [ -s "$small/x.tar.gz.part" ]; then
                "$i" verify "$small/x.tar.gz.part" >"$work/stdout" 2>&1
                [ $? -eq 10 ] || fail "what a full disk left is not INCOMPLETE: $(cat "$work/stdout")"
            fi
            rm -f "$small"/*
        done
        umount "$small"
    fi
fi

# --- what is examined: 3 ---
mkdir "$work/empty"
both "a --procfs that is no procfs" 3 "$work/empty" -- @ collect "$out" --quiet --procfs "$work/empty"
both "a --procfs that is not there" 3 "$work/none" -- @ collect "$out" --quiet --procfs "$work/none"
both "a --procfs that is a file" 3 "$work/exists.tar.gz" -- @ collect "$out" --quiet --procfs "$work/exists.tar.gz"

# --- the key: 3 ---
"$PROCSNAP" keygen -o "$work/good" >/dev/null || fail "keygen"
both "a name that has a key already" 3 "$work/good.key" "another name" -- @ keygen -o "$work/good"
both "a missing key" 3 "$work/none.key" "keygen" -- @ collect "$out" --quiet --sign-key "$work/none.key"
install -m 0644 "$work/good.key" "$work/open.key"
both "a key that others can read" 3 "$work/open.key" "chmod 600" -- @ collect "$out" --quiet --sign-key "$work/open.key"
install -m 0600 "$work/good.pub" "$work/public.key"
both "a public key" 3 "$work/public.key" "secret one" -- @ collect "$out" --quiet --sign-key "$work/public.key"
install -m 0600 /dev/null "$work/empty.key"
both "an empty key" 3 "$work/empty.key" "keygen" -- @ collect "$out" --quiet --sign-key "$work/empty.key"
head -c 5000 /dev/zero >"$work/long.key" && chmod 600 "$work/long.key"
both "a key that is too long" 3 "$work/long.key" "keygen" -- @ collect "$out" --quiet --sign-key "$work/long.key"
both "a directory as key" 3 "$work/empty" "regular file" -- @ collect "$out" --quiet --sign-key "$work/empty"
both "a closed descriptor" 3 "descriptor 9" -- @ collect "$out" --quiet --sign-key-fd 9
if command -v minisign >/dev/null; then
    printf 'secret\nsecret\n' | minisign -G -p "$work/locked.pub" -s "$work/locked.key" >/dev/null 2>&1
    if [ -s "$work/locked.key" ]; then
        chmod 600 "$work/locked.key"
        both "a key with a password" 3 "$work/locked.key" "minisign -C -W" \
            -- @ collect "$out" --quiet --sign-key "$work/locked.key"
    fi
fi
if [ "$(id -u)" -eq 0 ]; then
    install -m 0600 -o 65534 "$work/good.key" "$work/foreign.key"
    both "somebody else's key" 3 "$work/foreign.key" "65534" -- @ collect "$out" --quiet --sign-key "$work/foreign.key"
fi

# --- what is verified ---
both "a bundle that is not there" 2 "$work/none.tar.gz" -- @ verify "$work/none.tar.gz"
both "a key to pin that is none" 2 "--key" -- @ verify "$work/exists.tar.gz" --key nonsense
both "a root that is none" 2 "--expect-root" "64" -- @ verify "$work/exists.tar.gz" --expect-root abc

echo "$checks checks, $failures failures"
[ "$failures" -eq 0 ]
