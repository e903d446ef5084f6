#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""procsnap-core alone in a root directory with a proc mount: no library, no /dev, no /tmp; as root and as nobody."""
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import odd  # noqa: E402
import snapshot  # noqa: E402
from checks import equal, finish, holds  # noqa: E402

CORE = os.environ.get("PROCSNAP_CORE", "")
MOST_BYTES = 700000  # what can still be pasted into a terminal


def readelf(*options):
    return subprocess.run(["readelf", "-W", *options, CORE], capture_output=True, check=True).stdout.decode()


def collected(root, user):
    """The bundle that comes out of standard output, in new PID and mount namespaces of its own."""
    inner = ["chroot", f"--userspec={user}:{user}", root, "/procsnap-core", "collect", "-", "--quiet"]
    command = ["unshare", "--pid", "--fork", "--mount", "--kill-child", f"--mount-proc={root}/proc", *inner]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=300)


def check(root, user, name):
    done = collected(root, user)
    equal(f"as {name}: exit status", 0, done.returncode)
    head = snapshot.head_line(next((line for line in done.stderr.decode().splitlines(keepends=True)
                                    if line.startswith("EVIDENCE")), done.stderr.decode()))
    for program in (snapshot.PROCSNAP, CORE):
        command = [program, "verify", "--rederive", "--key", head["pk"], "--expect-root", head["root"], "-"]
        told = subprocess.run(command, input=done.stdout, capture_output=True, check=False, timeout=300)
        equal(f"as {name}: {os.path.basename(program)} verify", (0, b"OK"), (told.returncode, told.stdout.split()[0]))
    bundle = snapshot.Bundle(done.stdout)
    own = bundle.process(1)
    equal(f"as {name}: it sees itself, by the name in that root", ("procsnap-core", str(user)),
          (own["process"]["name"], own["user"]["id"]))
    equal(f"as {name}: rights", (user, user == 0), (bundle.meta["rights"]["uid"], bundle.meta["rights"]["can_trace"]))
    equal(f"as {name}: the filters are in force", {"builder": "on", "reader": "on"}, bundle.meta["sandbox"])
    equal(f"as {name}: nothing was written there", ["proc", "procsnap-core"], sorted(os.listdir(root)))
    return bundle


def main():
    odd.inside_namespaces()
    size = os.stat(CORE).st_size
    holds(f"procsnap-core has {size} bytes, at most {MOST_BYTES}", size <= MOST_BYTES, size)
    holds("no program interpreter (INTERP)", "INTERP" not in readelf("-l"))
    holds("no library (NEEDED)", "NEEDED" not in readelf("-d"))
    with odd.folder() as root:
        shutil.copyfile(CORE, os.path.join(root, "procsnap-core"))
        os.chmod(os.path.join(root, "procsnap-core"), 0o755)
        os.mkdir(os.path.join(root, "proc"))
        check(root, 0, "root")
        bundle = check(root, 65534, "nobody")
        denied = [gap["proc"]["gap"] for gap in bundle.records("gap") if gap.get("process", {}).get("pid") == 1]
        files = {file for gap in denied if gap["outcome"] == "denied" for file in gap["files"]}
        holds("as nobody: what it made unreadable of itself is a gap", files >= {"environ", "exe"}, denied)
    finish()


main()
