# SPDX-License-Identifier: Apache-2.0
"""A Fargate task, rehearsed with runc: a pause process as PID 1, the app (nginx as a user without rights) and a sidecar,
each with a root file system, a mount namespace and control groups of its own, in one PID, network and IPC namespace."""
import glob
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
from checks import skip  # noqa: E402

# What Fargate gives to root: CapEff 00000000a80425fb.
CAPABILITIES = ["CAP_" + name for name in (
    "CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE NET_RAW SYS_CHROOT MKNOD AUDIT_WRITE "
    "SETFCAP").split()]
TASK = "34dc0b5e626f2c5c4c5170e34b10e765"
CONTAINERS = {name: f"{TASK}-{number}" for name, number in (
    ("pause", 1000000001), ("app", 1234567890), ("sidecar", 2345678901))}
APP_UID = 101
APP_SECRET = "of-the-app"
MASKED = ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/scsi", "/proc/acpi", "/sys/firmware"]
READ_ONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
NGINX = """daemon off; pid /tmp/nginx.pid; error_log /tmp/error.log; worker_processes 2;
events { worker_connections 64; }
http { access_log off; client_body_temp_path /tmp/body; proxy_temp_path /tmp/proxy; fastcgi_temp_path /tmp/fastcgi;
uwsgi_temp_path /tmp/uwsgi; scgi_temp_path /tmp/scgi; server { listen 8080; location / { return 200 "ok"; } } }
"""


def needs():
    """Ends the test as skipped where a task cannot be rehearsed."""
    if os.getuid() != 0:
        skip("needs root, for containers")
    for program in ("runc", "busybox", "nginx"):
        if not shutil.which(program):
            skip(f"no {program}")


def _libraries(program):
    out = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    return re.findall(r"(/\S+) \(0x", out)


def _root_file_system(path, programs):
    """busybox, those programs with their libraries, and nothing else: not a file of the host is in view."""
    for folder in ("bin", "proc", "sys", "dev", "tmp", "run", "var/tmp", "etc", "evidence"):
        os.makedirs(f"{path}/{folder}")
    for folder in ("tmp", "run", "var/tmp"):
        os.chmod(f"{path}/{folder}", 0o1777)
    os.chmod(path, 0o755)
    shutil.copy(shutil.which("busybox"), f"{path}/bin/busybox")
    for name in ("sh", "sleep", "tail", "cat", "ls", "cp", "mkdir", "env", "id", "chmod", "rm", "seq"):
        os.symlink("busybox", f"{path}/bin/{name}")
    for program in programs:
        for file in [program, *_libraries(program)]:
            os.makedirs(path + os.path.dirname(file), exist_ok=True)
            shutil.copy(os.path.realpath(file), path + file)
    with open(f"{path}/etc/passwd", "w", encoding="ascii") as file:
        file.write("root:x:0:0:root:/:/bin/sh\napp:x:101:101:app:/:/bin/sh\n")


def process(arguments, uid=0, capabilities=(), environment=()):
    """The part of a runtime configuration that runc exec takes too."""
    return {
        "terminal": False, "user": {"uid": uid, "gid": uid}, "args": list(arguments), "cwd": "/",
        "env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", *environment], "noNewPrivileges": False,
        "capabilities": {kind: list(capabilities) for kind in ("bounding", "effective", "permitted")}}


def _configuration(started, root, namespaces, group):
    mounts = [{"destination": "/proc", "type": "proc", "source": "proc"},
              {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]},
              {"destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": ["nosuid", "noexec", "nodev"]},
              {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "ro"]},
              {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
               "options": ["nosuid", "noexec", "nodev", "relatime", "ro"]}]
    return {"ociVersion": "1.0.2", "process": started, "root": {"path": root, "readonly": False}, "mounts": mounts,
            "hostname": "ip-10-0-2-61", "linux": {
                "namespaces": namespaces, "cgroupsPath": group, "maskedPaths": MASKED, "readonlyPaths": READ_ONLY,
                "resources": {"devices": [{"allow": False, "access": "rwm"}]}}}


class Task:
    """The three containers, running. `pids` are the host's pids of their first processes."""

    def __init__(self, folder, procsnap, sidecar_capabilities=(), app_environment=()):
        self.folder, self.pids, self.started = folder, {}, []
        self.name = f"procsnap-test-{os.getpid()}-{secrets.token_hex(4)}"
        plain = lambda name, *programs: self._root(name, procsnap, programs)  # noqa: E731
        own = [{"type": kind} for kind in ("pid", "ipc", "uts", "mount")]
        self._start("pause", process(["/bin/tail", "-f", "/dev/null"]), plain("pause"), [*own, self._network()])
        shared = [{"type": kind, "path": f"/proc/{self.pids['pause']}/ns/{path}"}
                  for kind, path in (("pid", "pid"), ("network", "net"), ("ipc", "ipc"), ("uts", "uts"))]
        shared.append({"type": "mount"})
        root = plain("app", "/usr/sbin/nginx")
        os.makedirs(f"{root}/etc/nginx")
        os.makedirs(f"{root}/var/log/nginx")
        with open(f"{root}/etc/nginx/nginx.conf", "w", encoding="ascii") as file:
            file.write(NGINX)
        self._start("app", process(["/usr/sbin/nginx", "-e", "/tmp/error.log"], APP_UID, (),
                                   [f"SECRET={APP_SECRET}", *app_environment]), root, shared)
        self.shared = shared
        self._start_sidecar(sidecar_capabilities, plain)

    def _start_sidecar(self, capabilities, plain):
        self._start("sidecar", process(["/bin/tail", "-f", "/dev/null"], 0, [*CAPABILITIES, *capabilities]),
                    plain("sidecar"), self.shared)

    @staticmethod
    def _network():
        return {"type": "network"}

    def _root(self, name, procsnap, programs):
        path = f"{self.folder}/{name}/rootfs"
        _root_file_system(path, programs)
        shutil.copy(procsnap, f"{path}/procsnap")
        return path

    @staticmethod
    def _configured(configuration):
        return configuration

    def _runc(self, *words, **how):
        return ["runc", "--root", f"{self.folder}/runc", *words]

    def _run_detached(self, command, log):
        return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False, timeout=300)

    def _start(self, name, started, root, namespaces):
        bundle, group = f"{self.folder}/{name}", f"/{self.name}/ecs/{TASK}/{CONTAINERS[name]}"
        with open(f"{bundle}/config.json", "w", encoding="utf-8") as file:
            json.dump(self._configured(_configuration(started, root, namespaces, group)), file)
        with open(f"{bundle}/log", "wb") as log:
            done = self._run_detached(self._runc("run", "-d", "--bundle", bundle, "--pid-file", f"{bundle}/pid", name), log)
        if done.returncode != 0:
            with open(f"{bundle}/log", encoding="utf-8", errors="replace") as log:
                why = log.read()[-400:]
            self.end()
            skip(f"runc cannot start a container here: {why}")
        self.started.append(name)
        with open(f"{bundle}/pid", encoding="ascii") as file:
            self.pids[name] = int(file.read())

    def command(self, name, arguments, uid=0, capabilities=CAPABILITIES, environment=()):
        """The command that runs a program inside of that container, with what ECS Exec has unless told otherwise."""
        path = f"{self.folder}/{name}/exec.json"
        with open(path, "w", encoding="utf-8") as file:
            json.dump(process(arguments, uid, capabilities, environment), file)
        return self._runc("exec", "--process", path, name)

    def run(self, name, arguments, prefix=(), **how):
        return subprocess.run([*prefix, *self.command(name, arguments, **how)], stdin=subprocess.DEVNULL,
                              capture_output=True, check=False, timeout=300)

    def inner_pid(self, host_pid):
        """The pid of that process as the task's own PID namespace has it."""
        with open(f"/proc/{host_pid}/status", encoding="ascii") as file:
            return int(re.search(r"^NSpid:.*\t(\d+)$", file.read(), re.M)[1])

    def children(self, host_pid):
        with open(f"/proc/{host_pid}/task/{host_pid}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]

    def path(self, name, inside):
        """Where the host sees a file of that container."""
        return f"{self.folder}/{name}/rootfs{inside}"

    def end(self):
        for name in reversed(self.started):
            subprocess.run(self._runc("delete", "--force", name), capture_output=True, check=False, timeout=300)
        for pid in self.pids.values():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.started.clear()
        for top in glob.glob(f"/sys/fs/cgroup/{self.name}") + glob.glob(f"/sys/fs/cgroup/*/{self.name}"):
            for folder, _, _ in os.walk(top, topdown=False):
                try:
                    os.rmdir(folder)
                except OSError:
                    pass  # its last process is on its way
