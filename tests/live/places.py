#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whose is a process: containers by control group and by mounts, responders by ancestry and mounts, never by name."""
import os
import shutil
import subprocess
import time

import odd
import snapshot
from checks import equal, finish, holds, skip

TASK = "0123456789abcdef0123456789abcdef"
FARGATE = TASK + "-0527074092"
DOCKER = "4c8a9e21b7d05f36c1e84a9d72b0f5e3a6c9d817f4b2e05a93d6c7810fb4e2a5"
MANAGED = "/managed-agents/execute-command"


def hierarchy():
    """A writable control group hierarchy, of whichever version."""
    for top in ("/sys/fs/cgroup/pids", "/sys/fs/cgroup/unified", "/sys/fs/cgroup"):
        made = os.path.join(top, f"procsnap-test-{os.getpid()}-{os.urandom(4).hex()}")
        try:
            os.mkdir(made)
        except OSError:
            continue
        if os.path.exists(os.path.join(made, "cgroup.procs")):
            return made
        os.rmdir(made)
    return None


class Groups:
    def __init__(self):
        self.made = [hierarchy()]
        if self.made[0] is None:
            skip("no control group can be made here")

    def enter(self, name, pid):
        path = self.made[0]
        for part in name.split("/"):
            path = os.path.join(path, part)
            if path not in self.made:
                os.mkdir(path)
                self.made.append(path)
        with open(os.path.join(path, "cgroup.procs"), "w", encoding="ascii") as file:
            file.write(str(pid))

    def remove(self):
        for path in reversed(self.made):
            for _ in range(50):
                try:
                    os.rmdir(path)
                    break
                except OSError:
                    time.sleep(0.02)


def place(bundle, pid):
    record = bundle.process(pid)
    return record.get("container", {}).get("id"), record["proc"].get("container_by")


def check_containers(folder):
    groups = Groups()
    try:
        here = [odd.Odd("wait") for _ in range(4)]
        apart = odd.Odd("own-mounts", os.path.join(folder, "point"))
        for process, name in zip(here, (f"ecs/{TASK}/{FARGATE}", f"docker-{DOCKER}.scope/init.scope",
                                        f"{TASK}/{DOCKER[:63]}", "libpod-conmon-" + DOCKER + ".scope")):
            groups.enter(name, process.pid)
        groups.enter(f"kubepods/pod1/{DOCKER}", apart.pid)
        bundle = snapshot.collect(folder)
        equal("Fargate, a group inside of a container, 63 digits, the monitor of a container",
              [(FARGATE, "cgroup"), (DOCKER, "cgroup"), (None, None), (None, None)],
              [place(bundle, process.pid) for process in here])
        equal("Kubernetes; and its child, which left the group, by the mounts that it shares",
              [(DOCKER, "cgroup"), (DOCKER, "mnt")], [place(bundle, pid) for pid in (apart.pid, apart.child)])
    finally:
        odd.end_all()
        groups.remove()


def roles(bundle):
    return {record["process"]["pid"]: record["proc"].get("role") for record in bundle.records("process")}


def check_responders(folder):
    """The agent as ECS Exec mounts it, a shell below it, and us; and an impostor of the same name elsewhere."""
    os.makedirs(MANAGED)
    mounted = False
    try:
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", MANAGED], check=True)
        mounted = True
        agent, impostor = os.path.join(MANAGED, "amazon-ssm-agent"), os.path.join(folder, "amazon-ssm-agent")
        for path in (agent, impostor):
            shutil.copyfile("/bin/sh", path)
            os.chmod(path, 0o755)
        false = subprocess.Popen([impostor, "-c", "sleep 30; :"])
        session = [agent, "-c", "echo $$ >$0/pids; sh -c 'echo $$ >>$0/pids; \"$@\"; exit $?' \"$0\" \"$@\"; exit $?",
                   folder]
        run = snapshot.Run(folder, "--quiet", prefix=session, name="session.tar.gz")
        told = roles(run.bundle)
        with open(os.path.join(folder, "pids"), encoding="ascii") as file:
            pids = [int(line) for line in file]
        own = run.bundle.meta["host"]["own_pid"]
        equal("agent, shell, ourselves: responders", ["responder"] * 3, [told[pid] for pid in (*pids, own)])
        equal("the init of the container, and an agent by its name alone: not", [None, None], [told[1], told[false.pid]])
        children = [record["process"]["pid"] for record in run.bundle.records("process")
                    if record["process"].get("parent", {}).get("pid") == own]
        holds("our own children too", children and all(told[pid] == "responder" for pid in children), children)
        false.kill()
        false.wait()
        alone = snapshot.collect(folder)
        told = roles(alone)
        equal("started by somebody else: nobody above us is one", {alone.meta["host"]["own_pid"]},
              {pid for pid, role in told.items() if role} - {record["process"]["pid"] for record in
               alone.records("process") if record["process"].get("parent", {}).get("pid") == alone.meta["host"]["own_pid"]})
    finally:
        if mounted:
            subprocess.run(["umount", "-l", MANAGED], check=True)
        os.removedirs(MANAGED)


def check_surroundings(folder):
    host = snapshot.collect(folder).meta["host"]
    equal("our namespaces", {name: os.stat(f"/proc/self/ns/{name}").st_ino for name in host["own_namespaces"]},
          host["own_namespaces"])
    holds("there is a platform, and facts that it was told by", host["platform"] and host["platform_by"], host)
    equal("the clocks of a time namespace", {"monotonic_s": 0, "boottime_s": 0}, host.get("time_offsets",
          {"monotonic_s": 0, "boottime_s": 0}))
    hidden = os.path.join(folder, "hidden")
    os.mkdir(hidden)
    subprocess.run(["mount", "-t", "proc", "-o", "hidepid=2", "proc", hidden], check=True)
    try:
        host = snapshot.collect(folder, "--procfs", hidden).meta["host"]
        holds("a proc mount that hides processes says so", "hidepid=" in host["proc_mount"], host["proc_mount"])
    finally:
        subprocess.run(["umount", hidden], check=True)


def main():
    odd.inside_namespaces()
    folder = odd.folder()
    os.mkdir(os.path.join(folder.name, "point"))
    check_containers(folder.name)
    if os.path.exists("/managed-agents"):
        skip("there is a real agent of ECS Exec here")
    check_responders(folder.name)
    check_surroundings(folder.name)
    finish()


main()
