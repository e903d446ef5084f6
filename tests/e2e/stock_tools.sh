#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A bundle of this machine in the hands of people who do not have procsnap: tar, sha256sum, minisign, ssh-keygen, jq and
# the ten lines of Python of docs/BUNDLE.md. And the other way round: what verify says of what these tools did to it.
set -uo pipefail
: "${PROCSNAP:?}"

for tool in tar sha256sum minisign ssh-keygen jq python3 gzip; do
    command -v "$tool" >/dev/null || { echo "skipped: no $tool" >&2; exit 77; }
done

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
checks=0

# check WHAT COMMAND...
check() {
    local what=$1
    shift
    checks=$((checks + 1))
    "$@" >"$work/log" 2>&1 && return
    echo "FAIL: $what" >&2
    head -5 "$work/log" >&2
    failures=$((failures + 1))
}

# verdict WHAT STATUS ARGUMENTS...: verify ends with that status
verdict() {
    local what=$1 want=$2 status
    shift 2
    checks=$((checks + 1))
    "$PROCSNAP" verify "$@" >"$work/log" 2>&1 </dev/null
    status=$?
    [ "$status" = "$want" ] && return
    echo "FAIL: $what: exit $status, not $want" >&2
    head -5 "$work/log" >&2
    failures=$((failures + 1))
}

check "keygen" "$PROCSNAP" keygen -o "$work/team"
check "collect" "$PROCSNAP" collect "$work/" --sign-key "$work/team.key" --case C-1 --examiner 'E. Xaminer'
bundle=$(echo "$work"/procsnap-*.tar.gz)
[ -f "$bundle" ] || { echo "FAIL: no bundle" >&2; exit 1; }
pub=$work/team.pub

# 1. The file as it is.
check "minisign, beside the file" minisign -VHm "$bundle" -p "$pub"
check "gzip" gzip -t "$bundle"
checks=$((checks + 1))
if tar tvzf "$bundle" | grep -v '^-rw------- 0/0 '; then
    echo "FAIL: something but plain files" >&2
    failures=$((failures + 1))
fi

# 2. Extracted, with the four commands of docs/BUNDLE.md.
mkdir "$work/x"
check "tar" tar xzf "$bundle" -C "$work/x"
top=$(echo "$work"/x/procsnap-*)
cd "$top" || exit 1
check "sha256sum" sha256sum -c --strict --quiet manifest-sha256.txt tagmanifest-sha256.txt
check "minisign, within" minisign -VHm tagmanifest-sha256.txt -p "$pub"
check "ssh-keygen" ssh-keygen -Y verify -f "$work/team.allowed_signers" -I procsnap -n procsnap@v1 \
    -s tagmanifest-sha256.txt.sshsig <tagmanifest-sha256.txt

# 3. BagIt 1.0: every payload file listed, nothing listed twice, the sum of lengths.
bagit() {
    python3 - <<'PYTHON'
import hashlib, os, re
tags = dict(line.rstrip("\n").split(": ", 1) for line in open("bagit.txt"))
assert tags == {"BagIt-Version": "1.0", "Tag-File-Character-Encoding": "UTF-8"}, tags
listed = {}
for line in open("manifest-sha256.txt", newline=""):
    digest, path = re.fullmatch(r"([0-9a-f]{64})  (data/[A-Za-z0-9._+:,@=/-]+)\n", line).groups()
    assert path not in listed, path
    listed[path] = digest
found = {os.path.join(folder, name) for folder, _, names in os.walk("data") for name in names}
assert found == set(listed), found ^ set(listed)
size = 0
for path, digest in listed.items():
    content = open(path, "rb").read()
    size += len(content)
    assert hashlib.sha256(content).hexdigest() == digest, path
info = dict(line.rstrip("\n").split(": ", 1) for line in open("bag-info.txt", encoding="utf-8"))
assert info["Payload-Oxum"] == f"{size}.{len(listed)}", info
assert info["External-Identifier"] == "C-1" and info["Contact-Name"] == "E. Xaminer", info
PYTHON
}
check "BagIt" bagit

# 4. The packs, with the generator that the specification shows, against the journal.
packs() {
    python3 - "$root/docs/BUNDLE.md" <<'PYTHON'
import glob, json, re, sys
scope = {}
exec(re.search(r"```python\n(.*?)```", open(sys.argv[1]).read(), re.S).group(1), scope)
count = 0
for part in sorted(glob.glob("data/journal/*.ndjson")):
    for line in map(json.loads, open(part, encoding="utf-8")):
        if line.get("scope") != "process":
            continue
        entries = [e for pack in line["packs"] for e in scope["unpack"](open(pack, "rb").read())]
        want = 0
        for c in line["c"]:
            stored = len(c) > 7 and c[7] is not None
            want += len(c[9]) // 2 if stored and len(c) > 9 and isinstance(c[9], list) else int(stored)
        assert len(entries) == want, (line["life"], line["reader"], len(entries), want)
        count += want
assert count > 0
PYTHON
}
check "packs" packs

# 5. jq reads every line.
lines() {
    find . -name '*.ndjson' -print0 | xargs -0 -n 50 jq -e -c . >/dev/null
    find . -name '*.json' -print0 | xargs -0 -n 50 jq -e -c . >/dev/null
}
check "jq" lines

# 6. What verify says.
cd "$work" || exit 1
verdict "whole" 0 "$bundle" --key "$pub" --rederive
verdict "extracted" 0 "$top" --key "$pub" --rederive
verdict "unpinned" 1 "$bundle"
check "from standard input" "$PROCSNAP" verify - --key "$pub" <"$bundle"

size=$(stat -c %s "$bundle")
for keep in 0 5 10 1000 $((size / 2)) $((size - 9)) $((size - 1)); do
    head -c "$keep" "$bundle" >cut.tar.gz
    verdict "cut to $keep bytes" 10 cut.tar.gz --key "$pub"
done
cat "$bundle" "$bundle" >twice.tar.gz
verdict "a second archive behind it" 12 twice.tar.gz --key "$pub"
tar czf again.tar.gz -C "$work/x" .
verdict "packed by tar" 12 again.tar.gz --key "$pub"
gzip -dc "$bundle" | gzip -n >other.tar.gz
verdict "compressed by gzip" 12 other.tar.gz --key "$pub"
rm "$top/tagmanifest-sha256.txt.sshsig"
verdict "a signature missing" 10 "$top" --key "$pub"
printf x | dd of="$top/data/proc/uptime" bs=1 conv=notrunc status=none
verdict "a changed file" 11 "$top" --key "$pub"
cp "$bundle.minisig" cut.tar.gz.minisig
verdict "cut short, with its signature" 10 cut.tar.gz --key "$pub"

echo "$checks checks, $failures failed"
[ "$failures" = 0 ]
