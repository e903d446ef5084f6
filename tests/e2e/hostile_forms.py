# SPDX-License-Identifier: Apache-2.0
"""Rows of hostile_bundles.py: facts, content, cores, threads and phases, each forged in one thing and sealed again by the
right key. What verify must say of it stands beside each."""
import json
import os
import shutil
import subprocess
import sys
import time

HOLDER = """
import os, sys, threading
name = os.path.join(os.fsencode(sys.argv[1]), b"\\xff")
held = os.open(name, os.O_RDWR | os.O_CREAT)
os.write(held, b"deleted, and still held")
os.unlink(name)
threading.Thread(target=threading.Event().wait, daemon=True).start()
print("ready", flush=True)
sys.stdin.read()
"""


class Processes:
    """One that runs a deleted program, and one of two threads that holds a deleted file with an odd name."""

    def __init__(self, folder):
        program = os.path.join(folder, "gone")
        shutil.copy(shutil.which("sleep"), program)
        self.gone = subprocess.Popen([program, "300"])
        self.holder = subprocess.Popen([sys.executable, "-c", HOLDER, folder], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE)
        self.holder.stdout.readline()
        while not os.readlink(f"/proc/{self.gone.pid}/exe").endswith("gone"):
            time.sleep(0.01)
        os.remove(program)
        self.pids = [self.gone.pid, self.holder.pid]

    def end(self):
        for child in (self.gone, self.holder):
            child.kill()
            child.wait()
        self.holder.stdin.close()
        self.holder.stdout.close()


def many_lives(judge, good):
    """Records of thousands of lives of one pid: no view asks each of them about all others."""
    count = 20000 if not judge.sanitized else 4000

    def part(kind, line):
        text = "".join(line % {"life": number} + "\n" for number in range(count)).encode()
        pieces, at = [], 0
        while at < len(text):
            end = text.find(b"\n", at + (256 << 10)) + 1 or len(text)
            pieces.append((f"data/records/{kind}-{len(pieces) + 1:04d}.ndjson", text[at:end]))
            at = end
        return pieces

    life = '"process":{"pid":5,"entity_id":"e%(life)d"'
    records = {
        "process": "{" + life + ',"parent":{"pid":5}},"proc":{"start_boot_us":%(life)d,"exe_id":"y%(life)d"}}',
        "fd": "{" + life + '},"proc":{"fd":3,"target":"/x%(life)d","class":"file"}}',
        "gap": "{" + life + '},"proc":{"gap":{"outcome":"denied","files":["fd/{}"]}}}',
        "executable": "{" + life + '},"file":{"path":"/x"},"proc":{"exe_id":"x%(life)d"}}',
        "socket": '{"network":{"transport":"tcp"},"source":{"ip":"::","port":1},"proc":{"net_tcp":{"state":"LISTEN","inode"'
                  ':%(life)d},"owners":[{"pid":5,"entity_id":"e%(life)d","fd":3}]}}',
    }
    members = [pair for pair in good.members if not pair[0].startswith("data/records/")]
    at = [name for name, _ in members].index("data/closing.json")
    parts = [piece for kind, line in records.items() for piece in part(kind, line)]
    judge.case(f"{count} lives of one pid, sealed", (11, 12), good.sealed(members[:at] + parts + members[at:]),
               rederive=False)
    for view in (["tree"], ["processes"], ["process", "5"], ["process", "5", "--json"], ["sockets"], ["files"], ["gaps"]):
        judge.soon(f"{count} lives of one pid", "show", judge.bundle, *view)


class Journal:
    """The journal of a good bundle as lines that can be changed."""

    def __init__(self, good):
        self.good = good
        self.parts = [name for name, _ in good.members if name.startswith("data/journal/")]
        self.lines = [(name, json.loads(line)) for name in self.parts for line in good[name].splitlines()]

    def find(self, test):
        return next(index for index, (_, line) in enumerate(self.lines) if test(line))

    def capture(self, scope, name):
        """(line, capture) of that name, as indices."""
        at = self.find(lambda line: line.get("scope") == scope and any(one[0] == name for one in line["c"]))
        return at, next(i for i, one in enumerate(self.lines[at][1]["c"]) if one[0] == name)

    def sealed(self, edit, rename=None, content=None):
        """The bundle after `edit(lines)`; members renamed and given other bytes as these two say."""
        lines = json.loads(json.dumps(self.lines))
        edit(lines)
        texts = {part: "".join(json.dumps(line, separators=(",", ":"), ensure_ascii=False) + "\n"
                               for name, line in lines if name == part).encode() for part in self.parts}
        texts.update(content or {})
        rename = rename or {}
        return self.good.sealed([(rename.get(name, name), texts.get(name, data)) for name, data in self.good.members])


def facts(judge, journal, good):
    prober = journal.find(lambda line: line.get("scope") == "facts" and line["reader"] == "prober")
    quiet = journal.find(lambda line: line.get("scope") == "facts" and line["reader"] == "quiet")
    opening = journal.find(lambda line: line.get("phase") == "opening-end")

    def line(at, **values):
        return lambda lines: lines[at][1].update(values)

    def move(lines):
        lines.insert(opening, lines.pop(prober))

    rows = {
        "the prober's by the quiet reader": (line(prober, reader="quiet"), "another reader brings"),
        "the prober's by the memory reader": (line(prober, reader="memory"), "brings none"),
        "the probe of pids by the prober": (line(quiet, reader="prober"), ("second line of facts", "before its time")),
        "without a reader": (lambda lines: lines[prober][1].pop("reader"), "does not say who read it"),
        "with a pid": (line(prober, pid=1), "names one"),
        "in another order": (lambda lines: lines[prober][1]["c"].reverse(), "not in their order"),
        "a fact twice": (lambda lines: lines[prober][1]["c"].insert(0, lines[prober][1]["c"][0]), "a fact twice"),
        "their line twice": (lambda lines: lines.insert(prober, lines[prober]), "second line of facts"),
        "what is no fact": (lambda lines: lines[prober][1]["c"].append(["stat", "absent", None, 0, 0, 0]),
                            "what is no fact"),
        "after the end of their phase": (move, "after the end of its phase"),
        "their line missing": (lambda lines: lines.pop(prober), "no line of the journal names"),
        "a member outside": (lambda lines: lines[prober][1]["packs"].__setitem__(0, "data/proc/sock_diag"),
                             "lines of its scope do not have"),
        "a member of another fact": (lambda lines: lines[prober][1]["packs"].reverse(), "comes next"),
    }
    for title, (edit, says) in rows.items():
        judge.case(f"facts: {title}", 12, journal.sealed(edit), says=says)
    judge.case("facts: one that no line names", 12, good.sealed(good.exchange("data/facts/evil", b"x")),
               says="no line of the journal names")


def content(judge, journal, good):
    exe, at = next((index, i) for index, (_, line) in enumerate(journal.lines) if line.get("scope") == "content"
                   for i, one in enumerate(line["c"]) if one[0] == "exe" and line["packs"])
    odd, odd_at = next((index, i) for index, (_, line) in enumerate(journal.lines) if line.get("scope") == "content"
                       for i, one in enumerate(line["c"]) if len(one) > 9 and "path_b64" in (one[9] or ()))
    there = {name for name, _ in good.members}
    process = journal.find(lambda line: line.get("scope") == "process" and line["reader"] == "quiet" and line["packs"]
                           and line["packs"][0].replace("state", "files") not in there)
    pids = sorted({line["pid"] for _, line in journal.lines if line.get("scope") == "process"})
    own = journal.lines[exe][1]["pid"]
    other = next(line for _, line in journal.lines if line.get("scope") == "process" and line["pid"] != own)
    member = journal.lines[exe][1]["packs"][0]
    pack = journal.lines[process][1]["packs"][0]
    end = journal.find(lambda line: line.get("phase") == "content-end")

    def fact(line, capture, **values):
        def edit(lines):
            known = lines[line][1]["c"][capture][9]
            known.update(values)
            for key in [key for key, value in values.items() if value is None]:
                del known[key]
        return edit

    def line(**values):
        return lambda lines: lines[exe][1].update(values)

    def column(number, value):
        return lambda lines: lines[exe][1]["c"][at].__setitem__(number, value)

    def move(lines):
        lines.insert(end, lines.pop(exe))

    def early(lines):
        lines.insert(1, lines.pop(exe))

    forms = "none of the forms"
    rows = {
        "another hash": (fact(exe, at, sha256="0" * 64), "another length or hash"),
        "a hash that is none": (fact(exe, at, sha256="x" * 64), forms), "no hash": (fact(exe, at, sha256=None), ""),
        "a hash of half the length": (fact(exe, at, sha256="0" * 32), forms),
        "a length more": (column(3, journal.lines[exe][1]["c"][at][3] + 1), "another length or hash"),
        "an offset": (column(8, 512), "comes next"), "another pack": (column(7, 7), "no index"),
        "no place": (lambda lines: lines[exe][1]["c"][at].__setitem__(slice(7, 9), [None, None]), "comes next"),
        "atime that is false": (fact(exe, at, atime=False), forms),
        "withheld for no reason": (fact(exe, at, withheld="x"), forms),
        "a fact that there is not": (fact(exe, at, evil=1), forms), "no inode": (fact(exe, at, ino=None), forms),
        "a mode of 2^40": (fact(exe, at, mode=1 << 40), forms),
        "another path beside the exact one": (fact(odd, odd_at, path="/etc/shadow"), forms),
        "the exact path alone": (fact(odd, odd_at, path=None), forms),
        "another exact path": (fact(odd, odd_at, path_b64="L2V0Yy/w"), forms),
        "an exact path that needs none": (fact(exe, at, path="/a", path_b64="L2E="), forms),
        "an exact path that is no base64": (fact(odd, odd_at, path_b64="####"), forms),
        "an empty path": (fact(exe, at, path=""), forms),
        "an object named by two lines": (lambda lines: lines.insert(exe, lines[exe]), "did not come before"),
        "an object named twice in a line": (lambda lines: lines[exe][1].update(packs=[member] * 2), "did not come"),
        "of a life that nobody read": (line(pid=pids[-1] + 7, life=str(pids[-1] + 7)), "no line before it is about"),
        "of another start": (line(start=journal.lines[exe][1]["start"] + 1), "no line before it is about"),
        "by its other name": (line(life=f"{own}+{journal.lines[exe][1]['start']}"), "no line before it is about"),
        "of a life of another pid": (line(pid=other["pid"]), "which one"),
        "by the quiet reader": (line(reader="quiet"), "another reader"),
        "by the prober": (line(reader="prober"), "which one"),
        "before its time": (early, "no line before it is about"), "after its end": (move, "after the end of its phase"),
        "with a pack of the processes": (lambda lines: lines[exe][1].update(packs=[pack]), "do not have"),
        "of no process": (lambda lines: [lines[exe][1].pop(key) for key in ("pid", "start", "life")], "which one"),
        "their lines missing": (lambda lines: lines.__setitem__(slice(None), [
            one for one in lines if one[1].get("scope") != "content"]), "no line of the journal names"),
        "an object in a process line": (lambda lines: lines[process][1]["packs"].append(member), "do not have"),
    }
    for title, (edit, says) in rows.items():
        judge.case(f"content: {title}", (11, 12), journal.sealed(edit), says=says)
    judge.case("content: of another life that was read", 12, journal.sealed(line(
        pid=other["pid"], start=other["start"], life=other["life"])), says="program of another life")
    files = pack.replace("state", "files")
    judge.case("content: files.pack in a process line", 12, journal.sealed(
        lambda lines: lines[process][1]["packs"].__setitem__(0, files), {pack: files}), says="do not have")
    judge.case("content: an object of other bytes", 12, good.resealed(member, lambda data: data[:-1] + b"~"),
               says="another length or hash")
    judge.case("content: an object that is longer", 12, good.resealed(member, lambda data: data + b"~"),
               says="another length or hash")
    name = member[:-1] + ("0" if member[-1] != "0" else "1")
    judge.case("content: an object by another name", 12, journal.sealed(
        lambda lines: lines[exe][1].update(packs=[name]), {member: name}), says="name is not its hash")
    judge.case("content: an object that no line names", 12, good.sealed(good.exchange(name, b"x")),
               says="no line of the journal names")
    judge.case("content: no object", 12, good.sealed(good.exchange(member, None)), says="did not come before")


def cores(judge, journal, good):
    at, capture = journal.capture("content", "mem")
    member = journal.lines[at][1]["packs"][0]
    other = f"data/memory/{journal.lines[at][1]['pid'] + 1}.core"

    def fact(**values):
        return lambda lines: lines[at][1]["c"][capture][9].update(values)

    rows = {
        "another hash": (fact(sha256="0" * 64), "another length or hash"),
        "no hash": (lambda lines: lines[at][1]["c"][capture][9].pop("sha256"), ""),
        "chosen for nothing": (fact(chosen=[]), "derived again"),
        "chosen for what is no reason": (fact(chosen=["x"]), "none of the forms"),
        "a number that is none": (fact(mapped=-1), "none of the forms"),
        "a length less": (lambda lines: lines[at][1]["c"][capture].__setitem__(
            3, lines[at][1]["c"][capture][3] - 1), "another length or hash"),
        "an offset": (lambda lines: lines[at][1]["c"][capture].__setitem__(8, 1), "comes next"),
        "twice": (lambda lines: lines.insert(at, lines[at]), "did not come before"),
    }
    for title, (edit, says) in rows.items():
        judge.case(f"cores: {title}", (11, 12), journal.sealed(edit), says=says)
    judge.case("cores: by the name of another life", 12, journal.sealed(
        lambda lines: lines[at][1].update(packs=[other]), {member: other}), says="do not have")
    judge.case("cores: other bytes", 12, good.resealed(member, lambda data: data[:-1] + bytes([data[-1] ^ 1])),
               says="another length or hash")
    judge.case("cores: none", 12, good.sealed(good.exchange(member, None)), says="did not come before")
    judge.case("cores: one that no line names", 12, good.sealed(good.exchange(other, b"x")), says="no line")


def threads(judge, journal, good):
    at = journal.find(lambda line: any("/task.pack" in pack for pack in line.get("packs", ())))
    line = journal.lines[at][1]
    memory = journal.find(lambda one: one.get("reader") == "memory" and one.get("pid") == line["pid"] and one["packs"])
    taken = journal.find(lambda one: one.get("scope") == "global")
    pack = next(one for one in line["packs"] if "/task.pack" in one)
    row = next(i for i, one in enumerate(line["c"]) if one[0] == "task/{}/stat")
    tid = line["c"][row][9][2]
    other = str(int(tid) + 1)
    theirs = journal.lines[memory][1]["packs"][0]
    wrong = theirs.replace("memory", "task-0002")

    def named(lines):
        for one in lines[at][1]["c"]:
            if one[0].startswith("task/{}/") and len(one) > 9:
                one[9] = [other if name == tid else name for name in one[9]]

    rows = {
        "another thread in the journal": (named, "comes next"),
        "a thread less": (lambda lines: lines[at][1]["c"][row][9].__delitem__(slice(0, 2)), "sum of its entries"),
        "their captures in a memory line": (lambda lines: lines[memory][1]["c"].append(
            ["task/{}/stat", "absent", None, 0, 0, 0]), "other reader reads"),
        "via 0": (lambda lines: lines[at][1].update(via=0), "which one"),
        "via a name": (lambda lines: lines[at][1].update(via="x"), "which one"),
        "via another thread": (lambda lines: lines[at][1].update(via=1), "derived again"),
        "via 2^32": (lambda lines: lines[at][1].update(via=1 << 32), "which one"),
        "via in a global line": (lambda lines: lines[taken][1].update(via=1), "names one"),
        "without their pack": (lambda lines: lines[at][1]["packs"].remove(pack), ""),
    }
    for title, (edit, says) in rows.items():
        judge.case(f"threads: {title}", (11, 12), journal.sealed(edit), says=says)
    judge.case("threads: their pack in a memory line", 12, journal.sealed(
        lambda lines: lines[memory][1]["packs"].__setitem__(0, wrong), {theirs: wrong}), says="do not have")
    judge.case("threads: entries of another thread", 11, journal.sealed(named, content={
        pack: good[pack].replace(b"task/" + tid.encode(), b"task/" + other.encode())}), says="derived again")


def phases(judge, journal, good):
    def at(name):
        return journal.find(lambda line: line.get("phase") == name)

    def exchange(one, other):
        def edit(lines):
            lines[at(one)], lines[at(other)] = lines[at(other)], lines[at(one)]
        return edit

    first = journal.find(lambda line: line.get("scope") == "process")
    last = journal.find(lambda line: line.get("scope") == "closing")
    rows = {
        "no content-end": (lambda lines: lines.pop(at("content-end")), "phases are missing"),
        "content-end twice": (lambda lines: lines.insert(at("content-end"), lines[at("content-end")]), "comes twice"),
        "content-end before memory-end": (exchange("memory-end", "content-end"), ""),
        "content-end after closing-end": (exchange("closing-end", "content-end"), ""),
        "a process behind the seal": (lambda lines: lines.append(lines.pop(first)), "after the end of its phase"),
        "a process behind memory-end": (lambda lines: lines.insert(at("memory-end"), lines.pop(first)),
                                        "after the end of its phase"),
        "the closing sweep before its time": (lambda lines: lines.insert(1, lines.pop(last)), "before its time"),
        "what exists once behind the opening sweep": (lambda lines: lines.insert(
            at("opening-end"), lines.pop(journal.find(lambda line: line.get("scope") == "global"))),
            "after the end of its phase"),
    }
    for title, (edit, says) in rows.items():
        judge.case(f"phases: {title}", 12, journal.sealed(edit), says=says)
    meta = json.loads(good["data/meta.json"])
    for title, plan, says in (("content was not planned", {**meta["plan"], "content": []}, "was not planned"),
                              ("no plan of content", {"global": []}, "whether content was planned"),
                              ("no plan", None, "whether content was planned")):
        text = json.dumps({**meta, "plan": plan}, separators=(",", ":")).encode() + b"\n"
        judge.case(f"phases: {title}", 12, good.sealed(good.exchange("data/meta.json", text)), says=says)


def sizes(judge, good, header):
    at = 2
    for name in ("data/objects/" + "0" * 64, "data/memory/1.core", "data/facts/ecs/task"):
        for title, size in (("1 TiB", 1 << 40), ("2^63 - 1", (1 << 63) - 1)):
            judge.case(f"sizes: {name[:16]} of {title} by its header", 12, good.with_raw(header(
                f"{good.top}/{name}", 0, good.mtime, size=b"\x80" + size.to_bytes(11, "big")), at), bomb=100 << 20,
                rederive=False)
        judge.case(f"sizes: {name[:16]} of 8 GiB by its header", (10, 11, 12), good.with_raw(header(
            f"{good.top}/{name}", (8 << 30) - 1, good.mtime), at), bomb=100 << 20, rederive=False)


def flips(judge, good):
    before = judge.count
    for name, data in good.members:
        if not name.startswith(("data/objects/", "data/memory/", "data/facts/")) and "/task" not in name:
            continue
        for index in range(4 if len(data) > 3 else 0):
            flipped = bytearray(data)
            flipped[len(data) * index // 4] ^= 1 << index
            judge.case(f"{name}: bit {index} of byte {len(data) * index // 4}", 11, good.packed(
                good.exchange(name, bytes(flipped))), quiet=True, views=False, rederive=index % 2 == 0)
    print(f"TAMPERED    a bit flipped in facts, objects, cores and threads: {judge.count - before} bundles")
