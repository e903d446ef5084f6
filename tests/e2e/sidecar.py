# SPDX-License-Identifier: Apache-2.0
"""The task of samples/ecs/, rehearsed: its app, and the sidecar with the command line, rights and limits of its file.
The marks are replaced, the day goes faster, and AWS is the doubles, in the network namespace of the test."""
import json
import os
import pathlib
import queue
import shutil
import subprocess
import threading
import time
import urllib.error
import urllib.request

import rehearsal
import s3_double
import snapshot
from watching import Watch

SAMPLES = pathlib.Path(__file__).parents[2] / "samples" / "ecs"
BUCKET = "evidence-444455556666-eu-west-1"
PREFIX = "evidence/account_id=111122223333/"
MARKS = {
    "REPLACE_EVIDENCE_ACCOUNT_ID": s3_double.OWNER,
    "REPLACE_ACCOUNT_ID": "111122223333",
    "REPLACE_REGION": s3_double.REGION,
    "REPLACE_EVIDENCE_BUCKET": BUCKET,
    "REPLACE_KEY_ID": "1f0e7a52-0000-4000-8000-0123456789ab",
}
KMS_KEY = f"arn:aws:kms:{s3_double.REGION}:{s3_double.OWNER}:key/{MARKS['REPLACE_KEY_ID']}"


def bucket():
    return s3_double.Bucket(BUCKET, kms_keys={KMS_KEY})


def definition(name, recipient):
    """The sidecar's container, as it is registered."""
    text = (SAMPLES / name).read_text(encoding="utf-8")
    for mark, value in {**MARKS, "REPLACE_AGE_RECIPIENT": recipient}.items():
        text = text.replace(mark, value)
    return next(one for one in json.loads(text)["containerDefinitions"] if one["name"] == "procsnap")


class Log(Watch):
    """What the log driver gets: standard output and standard error, line by line. `strange` is what is no event."""

    def __init__(self, stream):
        self.events, self.news, self.lines, self.strange = [], queue.Queue(), [], []
        threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def forget(self):
        """What has come so far is no answer to what is waited for next."""
        while not self.news.empty():
            self.news.get()

    def _read(self, stream):
        for line in stream:
            self.lines.append(line)
            try:
                event = snapshot.strict_json(line)
                self.events.append(event)
                self.news.put(event)
            except (ValueError, snapshot.Malformed):
                self.strange.append(line)
        self.news.put(None)


class Sidecar(rehearsal.Task):
    """`log` is that of the watch. `options` replace or follow those of the definition."""

    def __init__(self, folder, cloud, container, options, app_environment=(), volume=None, before_sidecar=None):
        """`volume`: a folder of the host that both containers have as /shared. `before_sidecar`: what is done with the
        pid of the first process, when the app runs and the sidecar does not yet; `before` is what it returned."""
        self.cloud, self.container, self.options, self.volume = cloud, container, options, volume
        self.before_sidecar = before_sidecar or (lambda pid: None)
        super().__init__(folder, snapshot.PROCSNAP, app_environment=app_environment)

    @staticmethod
    def _network():
        return {"type": "network", "path": f"/proc/{os.getpid()}/ns/net"}

    def _image(self):
        """The one file /procsnap, and what ECS puts beside it."""
        path = f"{self.folder}/sidecar/rootfs"
        for folder in ("etc", "proc", "sys", "dev", "shared"):
            os.makedirs(f"{path}/{folder}")
        shutil.copy(snapshot.PROCSNAP, f"{path}/procsnap")
        shutil.copy(self.cloud.authority.ca, f"{path}/ca.pem")
        for name in ("resolv.conf", "hosts"):
            shutil.copy(f"/etc/{name}", f"{path}/etc/{name}")
        return path

    def arguments(self):
        words = [*self.container["entryPoint"], *self.container["command"]]
        for name, value in self.options.items():
            if name in words:
                words[words.index(name) + 1] = value
            else:
                words += [name, value]
        return words

    def rights(self):
        asked = self.container["linuxParameters"].get("capabilities", {})
        return [name for name in (*rehearsal.CAPABILITIES, *("CAP_" + name for name in asked.get("add", ())))
                if name.removeprefix("CAP_") not in asked.get("drop", ())]

    def environment(self):
        return [f"{name}={value}" for name, value in self.cloud.environment().items()]

    def _start_sidecar(self, capabilities, plain):
        self.before = self.before_sidecar(self.pids["pause"])
        started = rehearsal.process(self.arguments(), int(self.container["user"]), self.rights(), self.environment())
        self._start("sidecar", started, self._image(), self.shared)

    def _configured(self, configuration):
        if self.volume:
            configuration["mounts"].append({"destination": "/shared", "type": "bind", "source": self.volume,
                                            "options": ["rbind", "rw"]})
        if configuration["process"]["args"][0] == self.container["entryPoint"][0]:
            configuration["root"]["readonly"] = self.container["readonlyRootFilesystem"]
            configuration["linux"]["resources"].update(
                memory={"limit": self.container["memory"] << 20}, cpu={"shares": self.container["cpu"]})
        return configuration

    def _run_detached(self, command, log):
        """The watch writes into a pipe, which is its log."""
        if command[-1] != "sidecar":
            return super()._run_detached(command, log)
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT) as runc:
            self.log = Log(os.fdopen(os.dup(runc.stdout.fileno()), "rb"))
            runc.wait(timeout=300)
        return runc

    def in_sidecar(self, *arguments):
        """As ECS runs a health check, or ECS Exec a command: (exit status, words)."""
        done = self.run("sidecar", ["/procsnap", *arguments], capabilities=self.rights(),
                        environment=self.environment())
        return done.returncode, (done.stdout + done.stderr).decode(errors="replace")

    def in_app(self, *arguments, uid=0, capabilities=rehearsal.CAPABILITIES):
        done = self.run("app", arguments, uid=uid, capabilities=capabilities)
        return done.returncode, (done.stdout + done.stderr).decode(errors="replace")

    def watch_pid(self):
        """As the task knows it."""
        return self.inner_pid(self.pids["sidecar"])

    def peak_mib(self):
        """Of its memory control group, version 1 or 2; None where that is not seen."""
        with open(f"/proc/{self.pids['sidecar']}/cgroup", encoding="ascii") as file:
            groups = {names: path for _, names, path in (line.rstrip("\n").split(":", 2) for line in file)}
        top = "/sys/fs/cgroup"
        for path in (f"{top}/memory{groups.get('memory')}/memory.max_usage_in_bytes",
                     f"{top}{groups.get('')}/memory.peak"):
            if os.path.exists(path):
                return int(pathlib.Path(path).read_text(encoding="ascii")) >> 20
        return None

    def ended(self, seconds=40):
        """The exit status of the watch; None when it does not end."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pids["sidecar"], os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.02)
        return None


class Visitor:
    """Asks the app for its page all the time."""

    def __init__(self, url="http://127.0.0.1:8080/"):
        self.url, self.answers, self.failures, self.slowest, self.over = url, 0, [], 0.0, False
        self.thread = threading.Thread(target=self._visit, daemon=True)
        self.thread.start()

    def _visit(self):
        while not self.over:
            begun = time.monotonic()
            try:
                with urllib.request.urlopen(self.url, timeout=5) as answer:
                    if answer.read() != b"ok":
                        raise ValueError("another page")
                self.answers += 1
            except (OSError, ValueError, urllib.error.URLError) as error:
                self.failures.append(str(error))
            self.slowest = max(self.slowest, time.monotonic() - begun)
            time.sleep(0.02)

    def end(self):
        self.over = True
        self.thread.join(timeout=10)
