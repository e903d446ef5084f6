#!/usr/bin/env bash
# The commands as people use them: each way to name a destination, a bundle and a key; what goes to which stream; exit
# statuses; and that no name a process gives itself reaches the terminal.
# PROCSNAP and PROCSNAP_CORE name the binaries.
# shellcheck disable=SC2016 # sh -c expands its own arguments
set -uo pipefail
: "${PROCSNAP:?}" "${PROCSNAP_CORE:?}"

work=$(mktemp -d)
odd=
cleanup() {
    [ -z "$odd" ] || kill "$odd" 2>/dev/null
    rm -rf "$work"
}
trap cleanup EXIT
cd "$work" || exit 1
failures=0
checks=0
fail() {
    echo "FAIL: $*" >&2
    failures=$((failures + 1))
}
# ends WHAT STATUS COMMAND...
ends() {
    local what=$1 want=$2 status
    shift 2
    checks=$((checks + 1))
    "$@" >out 2>err </dev/null
    status=$?
    [ "$status" -eq "$want" ] || fail "$what: exit status $status instead of $want: $(cat out err)"
}
# says WHAT FILE PATTERN
says() {
    checks=$((checks + 1))
    grep -qE -- "$3" "$2" || fail "$1: no \"$3\" in: $(cat "$2")"
}
field() { sed -n "s/.* $1=\([^ ]*\).*/\1/p" "$2"; }

# A process that tries to write on the analyst's terminal: by its name, its arguments and its working directory.
mkdir $'dir\e[2J'
cat >odd.py <<'END'
import ctypes, os, sys, time
ctypes.CDLL(None).prctl(15, b"a) \x1b[31m\nb", 0, 0, 0)
os.chdir(os.listdir(".")[[n.startswith("dir") for n in os.listdir(".")].index(True)])
print("ready", flush=True)
time.sleep(600)
END
mkfifo ready
python3 odd.py $'\e]0;owned\a' $'\xc2\x9b31m' $'\xe2\x80\xaegnp' $'\xff\xfe' >ready &
odd=$!
read -r _ <ready

# --- keys ---
ends keygen 0 "$PROCSNAP" keygen -o team
says keygen out 'collect DEST --sign-key team.key'
[ "$(stat -c %a team.key)" = 600 ] || fail "team.key is not 0600"
ends "another key" 0 "$PROCSNAP_CORE" keygen --output=other
pk=$(sed -n 2p team.pub)

# --- collect: streams and destinations ---
ends "collect FILE" 0 "$PROCSNAP" collect one.tar.gz --pid "$odd,$$" --sign-key team.key --case IR-1 --examiner 'A. B.'
[ "$(wc -l <out)" -eq 1 ] || fail "collect FILE: standard output is not one line"
says "collect FILE" out '^EVIDENCE v1 bundle=procsnap-[0-9]{8}t[0-9]{6}z-[0-9a-f]{8} seq=0 root=[0-9a-f]{64} pk='
says "collect FILE" out ' pk=[^ ]{56} prev=-$'
[ "$(field pk out)" = "$pk" ] || fail "collect FILE: another key than the one given: $(cat out)"
says "collect FILE" err 'one\.tar\.gz'
says "collect FILE" err 'one\.tar\.gz --key'
says "collect FILE" err 'redact none'
says "collect FILE" err 'sealing$'
LC_ALL=C grep -q $'[\r\e]' err && fail "progress that is not for a terminal moves the cursor"
root=$(field root out)
ends "collect DIR/" 0 "$PROCSNAP_CORE" collect dir/ --pid $$ --quiet
[ ! -s err ] || fail "--quiet: $(cat err)"
[ -s "dir/$(field bundle out).tar.gz" ] || fail "collect DIR/: no file called after the bundle"
ends "collect --json" 0 "$PROCSNAP" collect json.tar.gz --pid $$ --json --quiet
jq -e '.sealed and .bundle and (.root | length) == 64 and .path == "json.tar.gz" and .outcomes.complete > 0 and
    .signature_path == "json.tar.gz.minisig" and .ephemeral_key and .environ_redacted' out >/dev/null ||
    fail "--json: $(cat out)"
ends "collect -" 0 sh -c '"$1" collect - --pid $$ --sign-key-fd 3 3<team.key >piped.tar.gz' sh "$PROCSNAP_CORE"
[ "$(field pk err)" = "$pk" ] || fail "collect -: no head line on standard error: $(cat err)"
grep -A3 '^untrusted comment: ' err >piped.tar.gz.minisig
ends "the signature on standard error" 0 "$PROCSNAP" verify piped.tar.gz --key team.pub
says "the signature on standard error" out 'whole file +signed by the same key'

# --- verify ---
for tool in "$PROCSNAP" "$PROCSNAP_CORE"; do
    ends "verify" 1 "$tool" verify one.tar.gz
    says "verify" out '^OK-UNPINNED  procsnap-'
    ends "verify --key FILE" 0 "$tool" verify one.tar.gz --key team.pub --expect-root "$root" --expect-seq 0
    says "verify --key FILE" out '^OK  procsnap-'
    says "verify --key FILE" out 'examiner +A\. B\.'
    says "verify --key FILE" out 'not stated +evidence id, reason, authority, case officer$'
    ends "verify --key TEXT --rederive" 0 "$tool" verify one.tar.gz --key "$pk" --rederive
    says "verify --key TEXT --rederive" out 'derived again .*identical'
    ends "another key" 11 "$tool" verify one.tar.gz --key other.pub
    ends "another root" 11 "$tool" verify one.tar.gz --key team.pub --expect-root "$(echo | sha256sum | cut -c1-64)"
    ends "another number" 11 "$tool" verify one.tar.gz --key team.pub --expect-seq 1
    ends "verify --json" 0 "$tool" verify one.tar.gz --key team.pub --json
    jq -e --arg pk "$pk" '.verdict == "OK" and .exit == 0 and .pinned and .pk == $pk and .case.id == "IR-1"' \
        out >/dev/null || fail "verify --json: $(cat out)"
    ends "a secret key to pin" 2 "$tool" verify one.tar.gz --key team.key
    says "a secret key to pin" err 'public one'
done
ends "standard input" 0 sh -c '"$1" verify - --key team.pub <one.tar.gz' sh "$PROCSNAP"
says "standard input" out 'note: '
mkdir extracted && tar xzf one.tar.gz -C extracted
ends "an extracted directory" 0 "$PROCSNAP" verify extracted/* --key team.pub --rederive
ends "a directory of bundles" 0 "$PROCSNAP" verify extracted --key team.pub
mkdir none
ends "a directory that is none" 2 "$PROCSNAP" verify none
head -c $(($(stat -c %s one.tar.gz) / 2)) one.tar.gz >cut.tar.gz
ends "a cut bundle" 10 "$PROCSNAP" verify cut.tar.gz --key team.pub
says "a cut bundle" out '^INCOMPLETE'
cp one.tar.gz flipped.tar.gz
printf '\377' | dd of=flipped.tar.gz bs=1 seek=5000 conv=notrunc status=none
"$PROCSNAP" verify flipped.tar.gz --key team.pub >out 2>&1
[ $? -ge 10 ] || fail "a flipped byte: $(cat out)"
echo hello >text
ends "a text" 12 "$PROCSNAP" verify text
says "a text" out '^MALFORMED'

# --- show ---
for view in summary tree processes "process $odd" sockets files gaps; do
    ends "show $view" 0 "$PROCSNAP" show one.tar.gz $view
    says "show $view" out '^OK-UNPINNED  procsnap-'
    ends "show DIR $view" 0 "$PROCSNAP" show extracted/* $view
    ends "show - $view" 0 sh -c 'cat one.tar.gz | "$@"' sh "$PROCSNAP" show - $view
    ends "show $view --json" 0 "$PROCSNAP" show one.tar.gz $view --json
    jq -es 'length >= 0' out >/dev/null || fail "show $view --json is not JSON: $(cat out)"
    for file in out err; do
        LC_ALL=C grep -q $'[\001-\011\013-\037\177]' "$file" && fail "show $view --json: control characters on $file"
    done
done
ends "show" 0 "$PROCSNAP" show one.tar.gz
says "show" out '^processes +2'
says "show" out '^case +IR-1, examiner A\. B\.'
ends "show processes" 0 "$PROCSNAP" show one.tar.gz processes
says "show processes" out "^ *$odd +$$ "
says "show processes" out 'a\) \\x1b\[31m~ '
says "show processes" out '\\x1b\]0;owned\\x07 \\u\{009b\}31m \\u\{202e\}gnp \\xff\\xfe'
LC_ALL=C grep -q $'[\001-\011\013-\037\177]' out && fail "show processes lets control characters through"
ends "show processes --json" 0 "$PROCSNAP" show one.tar.gz processes --json
[ "$(jq -r "select(.pid == $odd) | .name" out)" = $'a) \e[31m\nb' ] || fail "show processes --json loses the exact name"
ends "show of a cut bundle" 10 "$PROCSNAP" show cut.tar.gz
says "show of a cut bundle" out '^INCOMPLETE'
ends "show of no view" 2 "$PROCSNAP" show one.tar.gz proceses
says "show of no view" err 'did you mean processes'
ends "show process without a pid" 2 "$PROCSNAP" show one.tar.gz process
says "show process without a pid" err 'needs a PID'
ends "show process of no number" 2 "$PROCSNAP" show one.tar.gz process 12x
ends "show process of no process" 2 "$PROCSNAP" show one.tar.gz process 4194304
says "show process of no process" err 'nothing in this bundle is about pid 4194304'
ends "show tree with a pid" 2 "$PROCSNAP" show one.tar.gz tree 1
ends "show process" 0 "$PROCSNAP" show one.tar.gz process "$odd"
says "show process" out "^process +$odd a\\) \\\\x1b\[31m\\\\x0ab$"
says "show process" out "^parent +$$ "
ends "show tree of 90 columns" 0 env COLUMNS=90 "$PROCSNAP" show one.tar.gz tree
[ "$(awk 'NR > 1 && length > 90' out)" = "" ] || fail "show tree does not fit its width: $(cat out)"

# --- export ---
ends "export" 0 "$PROCSNAP" export one.tar.gz --format procfs -o view
says "export" out '^OK-UNPINNED  procsnap-'
says "export" out ' links? in view/proc$'
cmp -s <(cat "/proc/$odd/comm") "view/proc/$odd/comm" || fail "export loses the exact name"
[ "$(stat -c %a view view/proc "view/proc/$odd" "view/proc/$odd/comm" | tr '\n' ' ')" = "700 700 700 600 " ] ||
    fail "export makes files that others can read"
[ "$(readlink "view/proc/$odd/exe")" = "$(readlink "/proc/$odd/exe")" ] || fail "export changes the target of exe"
ends "export once more" 2 "$PROCSNAP" export one.tar.gz --format procfs -o view
says "export once more" err 'view is not empty'
ln -s view/proc elsewhere
ends "export through a link" 2 "$PROCSNAP" export one.tar.gz --format procfs -o elsewhere
mkdir empty
ends "export of a directory" 0 "$PROCSNAP" export extracted/* --format procfs -o empty
diff -r --no-dereference view empty >text || fail "export of the directory is another: $(head -5 text)"
ends "export --json" 0 "$PROCSNAP" export one.tar.gz --format procfs -o json --json
says "export --json" err '^OK-UNPINNED  procsnap-'
jq -es 'length == 1 and (.[0] | .verdict == "OK-UNPINNED" and .exit == 0 and .format == "procfs" and .path == "json/proc" and
    .processes == 2 and .flaw == null and .left_out.processes_without_stat == 0)' out >/dev/null ||
    fail "export --json: $(cat out)"
[ "$(jq -c '[.files, .links]' out)" = "[$(find json -type f | wc -l),$(find json -type l | wc -l)]" ] ||
    fail "export --json counts other files or links than there are: $(cat out)"
ends "export - " 0 sh -c 'cat one.tar.gz | "$@"' sh "$PROCSNAP" export - --format procfs -o piped
ends "export of a cut bundle" 10 "$PROCSNAP" export cut.tar.gz --format procfs -o cut
says "export of a cut bundle" out '^INCOMPLETE'
ends "export --json of a cut bundle" 10 "$PROCSNAP" export cut.tar.gz --format procfs -o cutjson --json
jq -e '.verdict == "INCOMPLETE" and .exit == 10 and (.flaw | length) > 0' out >/dev/null ||
    fail "export --json of a cut bundle: $(cat out)"
ends "export of no format" 2 "$PROCSNAP" export one.tar.gz --format tar -o x
ends "export without a format" 2 "$PROCSNAP" export one.tar.gz -o x
ends "export without -o" 2 "$PROCSNAP" export one.tar.gz --format procfs
[ ! -e x ] || fail "export makes its directory before the command line is read"

# --- parse, selftest, version ---
ends "parse" 0 "$PROCSNAP" parse pid_stat "/proc/$odd/stat"
[ "$(jq -r .comm out)" = $'a) \e[31m\nb' ] || fail "parse: $(cat out)"
ends "parse -" 0 sh -c '"$1" parse pid_cmdline - <"/proc/$2/cmdline"' sh "$PROCSNAP" "$odd"
jq -e '.args[2] == "\u001b]0;owned\u0007"' out >/dev/null || fail "parse -: $(cat out)"
LC_ALL=C grep -q $'\xc2\x9b' out && fail "parse lets a C1 control character through"
ends "parse --list" 0 "$PROCSNAP" parse --list
says "parse --list" out '^pid_stat +/proc/PID/stat +card +quiet '
ends "parse --list --json" 0 "$PROCSNAP" parse --list --json
jq -es 'map(.kind) | index("pid_environ") != null' out >/dev/null || fail "parse --list --json: $(cat out)"
for tool in "$PROCSNAP" "$PROCSNAP_CORE"; do
    ends selftest 0 "$tool" selftest
    says selftest out '^ok +minisign$'
    ends version 0 "$tool" version --json
    jq -e --arg name "$(basename "$tool")" '.name == $name and .commit and .dependencies.libsodium' out >/dev/null ||
        fail "version --json: $(cat out)"
done
# A full disk behind standard output is told; a reader that goes away is not our failure.
if [ -c /dev/full ]; then
    "$PROCSNAP" parse --list >/dev/full 2>err
    [ $? -eq 3 ] || fail "a full disk behind standard output is not told"
fi
"$PROCSNAP" parse --list 2>err | head -1 >/dev/null
[ ! -s err ] || fail "a closed pipe is complained about: $(cat err)"

echo "$checks checks, $failures failures"
[ "$failures" -eq 0 ]
