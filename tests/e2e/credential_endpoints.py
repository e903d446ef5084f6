#!/usr/bin/env python3
"""AWS credentials from where they really are: 169.254.170.2 (ECS), 169.254.170.23 (EKS) and 169.254.169.254 (EC2), in a
network namespace of the test's own. Order, retries, refresh and refusal; no secret is in any error."""
import hashlib
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from http_exchange import Stopwatch, expect, release_tool  # noqa: E402
from odd_server import OddServer, answer, raw, reset  # noqa: E402

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
TOKEN = "IQoJb3JpZ2luX2Vj" + "x" * 1200 + "=="
PATH = "/v2/credentials/5d3f0a1c-guid"
EXPIRES = 1795298400  # the Expiration of document()
NOW = str(EXPIRES - 3600)


def document(**changes):
    values = {"RoleArn": "arn:aws:iam::111122223333:role/task", "AccessKeyId": "ASIATASK", "SecretAccessKey": SECRET,
              "Token": TOKEN, "Expiration": "2026-11-21T22:00:00Z"} | changes
    return json.dumps({name: value for name, value in values.items() if value is not None})


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


def run(tool, kind, *times, within=3.0, **variables):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {"AS_COURIER": "1"} | variables
    stopwatch = Stopwatch()
    done = subprocess.run([tool, kind, *(times or [NOW])], env=environment, capture_output=True, timeout=300, text=True,
                          check=False)
    took = stopwatch.calm()
    expect(done.returncode == 0 and not done.stderr, done.stderr)
    expect(took < within, f"{variables}: {took:.1f} s")
    for secret in (SECRET, TOKEN, "secret-bearer", "5d3f0a1c-guid"):
        expect(secret not in done.stdout, f"a secret is in: {done.stdout}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def refused(tool, clue, kind="any", within=3.0, **variables):
    error = run(tool, kind, within=within, **variables)[0].get("error", "nothing")
    expect(clue in error, f"{clue!r} is not in: {error}")


def from_environment(tool):
    both = {"AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": SECRET}
    uri = {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": PATH}
    got = run(tool, "any", **both, **uri)[0]
    expect(got == {"provider": "env", "id": "AKIAENV", "secret": sha(SECRET), "token": None, "expires": 0}, str(got))
    expect(run(tool, "env", **both, AWS_SESSION_TOKEN=TOKEN)[0]["token"] == sha(TOKEN), "session token")
    expect(run(tool, "any", **both, AWS_SESSION_TOKEN="")[0]["token"] is None, "an empty variable is none")
    expect(run(tool, "container", **both, **uri)[0]["id"] == "ASIATASK", "container was asked for")
    refused(tool, "AWS_SECRET_ACCESS_KEY", AWS_ACCESS_KEY_ID="AKIAENV", **uri)
    refused(tool, "not AWS_ACCESS_KEY_ID", AWS_SECRET_ACCESS_KEY=SECRET)
    refused(tool, "AWS_SECRET_ACCESS_KEY in the environment", AWS_ACCESS_KEY_ID="A", AWS_SECRET_ACCESS_KEY=SECRET + "\r\nX: y")
    refused(tool, "no AWS credentials in AWS_ACCESS_KEY_ID", kind="env", **uri)
    for words in ("profiles and web identity are not read", "--credentials imds",
                  "export AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"):
        refused(tool, words)
    got = run(tool, "any", NOW, "refused", NOW, **both)
    expect("export new ones" in got[1]["error"] and "AKIAENV" in got[1]["error"], str(got))


def from_container(tool, agent):
    uri = {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": PATH}
    agent.seen.clear()
    got = run(tool, "any", **uri, AWS_CONTAINER_AUTHORIZATION_TOKEN="secret-bearer", http_proxy="http://127.0.0.1:1")[0]
    expect(got == {"provider": "container", "id": "ASIATASK", "secret": sha(SECRET), "token": sha(TOKEN),
                   "expires": EXPIRES}, str(got))
    expect(agent.seen[-1].startswith(f"GET {PATH} HTTP/1.1") and "uthorization" not in agent.seen[-1], agent.seen[-1])

    # asked again with less than five minutes left, and when refused; never without need
    def asked(*times):
        agent.seen.clear()
        run(tool, "any", *times, **uri)
        return len(agent.seen)
    expect(asked(NOW, NOW, str(EXPIRES - 301)) == 1, "asked without need")
    expect(asked(NOW, str(EXPIRES - 300)) == 2, "not asked with five minutes left")
    expect(asked(NOW, "refused", NOW, NOW) == 2, "asked once after a refusal")

    state = {"answers": []}
    agent.scenarios["/v2/turns"] = lambda *request: state["answers"].pop(0)(*request)
    turns = {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/turns"}
    good, busy = answer("200 OK", document()), answer("503 Busy", '{"code":"CredentialsUninitialized","message":"m"}')
    for first in (busy, answer("429 Slow"), answer("500 Oh"), lambda connection, *_: reset(connection)):
        state["answers"] = [first, first, good]
        expect(run(tool, "any", **turns)[0].get("id") == "ASIATASK", "two more tries")
    state["answers"] = [busy, busy, busy, good]
    refused(tool, "503 CredentialsUninitialized; try again", **turns)
    state["answers"] = [answer("400 Bad", '{"code":"InvalidIdInRequest"}'), good]
    refused(tool, "400 InvalidIdInRequest; does AWS_CONTAINER_CREDENTIALS_RELATIVE_URI come from this very task", **turns)
    expect(len(state["answers"]) == 1, "a refusal is not asked again")
    state["answers"] = [answer("404 No", '{"code":"\\u001b[2J"}')]
    refused(tool, "the answer is 404; ", **turns)
    state["answers"] = [raw(b"", 5)]
    refused(tool, "the container's credentials (169.254.170.2)", **turns)
    state["answers"] = [good, busy, busy, busy]
    got = run(tool, "any", NOW, str(EXPIRES - 100), **turns, within=4.0)
    expect(got[1].get("id") == "ASIATASK", "the old ones still work, and are used while no new ones come")
    state["answers"] = [good, busy, busy, busy]
    got = run(tool, "any", NOW, str(EXPIRES), **turns, within=4.0)
    expect("error" in got[1], "expired ones are used")
    state["answers"] = [good, answer("200 OK", document(AccessKeyId="ASIANEW"))]
    expect(run(tool, "any", NOW, "refused", NOW, **turns)[1]["id"] == "ASIANEW", "new ones after a refusal")

    for odd, clue in ((document(SecretAccessKey=None), "missing"), (document(Token=7), "missing"), ("[]", "JSON"), ("", "JSON"),
                      (document(Expiration="tomorrow"), "no time"), (document(Expiration=5), "no time"),
                      (document(Token="a\r\nX: y"), "no credential"), (document(SecretAccessKey=""), "no credential"),
                      (document(Token="x" * 20000), "no credential"), (document()[:-1], "JSON"),
                      ('{"AccessKeyId":"a",' + document()[1:], "JSON"), (document() + " " * 70000, "longer")):
        state["answers"] = [answer("200 OK", odd)]
        refused(tool, clue, **turns)
    state["answers"] = [answer("200 OK", document(Expiration=None))]
    expect(run(tool, "any", **turns)[0]["expires"] == 0, "without Expiration they do not expire")
    state["answers"] = [answer("307 Moved", "", f"Location: {PATH}\r\n")]
    refused(tool, "the answer is 307", **turns)

    for path in ("v2/x", "@evil.example/", "/a b", "/a\r\nX: y"):
        refused(tool, "must begin with /", AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=path)


def with_token(tool, work, pod, loopback):
    full = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials"}
    path = os.path.join(work, "token")
    variable = {"AWS_CONTAINER_AUTHORIZATION_TOKEN": "secret-bearer variable"}
    with open(path, "w", encoding="ascii") as out:
        out.write("secret-bearer file")
    expect(run(tool, "any", **full, **variable)[0]["id"] == "ASIATASK", "token from the variable")
    expect("Authorization: secret-bearer variable" in pod.seen[-1].split("\r\n"), pod.seen[-1])
    run(tool, "any", **full, **variable, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=path)
    expect("Authorization: secret-bearer file" in pod.seen[-1].split("\r\n"), "the file wins: " + pod.seen[-1])
    expect(run(tool, "any", **full)[0]["id"] == "ASIATASK" and "uthorization" not in pod.seen[-1], pod.seen[-1])
    for content in ("secret-bearer\n", "secret-bearer\r\nX: y", "x" * 20000, "secret\0bearer"):
        with open(path, "w", encoding="ascii") as out:
            out.write(content)
        pod.seen.clear()
        refused(tool, "token", **full, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=path)
        expect(not pod.seen, "asked with such a token")
    refused(tool, "line break", **full, AWS_CONTAINER_AUTHORIZATION_TOKEN="secret-bearer\r\nX: y")
    refused(tool, "/nonexistent", **full, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE="/nonexistent")
    pod.scenarios["/denied"] = answer("401 Unauthorized")
    refused(tool, "401; is the token", AWS_CONTAINER_CREDENTIALS_FULL_URI="http://169.254.170.23/denied")
    local = f"http://127.0.0.1:{loopback.port}/"
    expect(run(tool, "any", AWS_CONTAINER_CREDENTIALS_FULL_URI=local)[0]["id"] == "ASIATASK", "loopback")
    expect(run(tool, "any", AWS_CONTAINER_CREDENTIALS_FULL_URI=local, AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=PATH)[0]["id"]
           == "ASIATASK" and len(loopback.seen) == 1, "the relative one comes first")
    for uri in ("http://10.0.0.1/", "http://localhost/", "http://169.254.170.2.example/", "http://169.254.170.2@10.0.0.1/",
                "http://[::1]x/", "ftp://127.0.0.1/", "http://169.254.169.254/"):
        refused(tool, "must begin with https://", AWS_CONTAINER_CREDENTIALS_FULL_URI=uri)


def from_instance(tool, instance):
    role = "/latest/meta-data/iam/security-credentials/"
    document_of_role = json.dumps({"Code": "Success", "Type": "AWS-HMAC", "LastUpdated": "x"} | json.loads(document(AccessKeyId="ASIAEC2")))

    def guarded(scenario):
        def act(connection, head, rest):
            (scenario if "x-aws-ec2-metadata-token: secret-bearer" in head.lower() else answer("401 Unauthorized"))(
                connection, head, rest)
        return act
    instance.scenarios |= {"/latest/api/token": answer("200 OK", "secret-bearer"), role: guarded(answer("200 OK", "my+role\nother")),
                           role + "my+role": guarded(answer("200 OK", document_of_role))}
    got = run(tool, "imds")[0]
    expect(got["provider"] == "imds" and got["id"] == "ASIAEC2" and got["token"] == sha(TOKEN), str(got))
    expect(instance.seen[0].startswith("PUT ") and "X-aws-ec2-metadata-token-ttl-seconds: 21600" in instance.seen[0],
           instance.seen[0])
    instance.seen.clear()
    refused(tool, "no AWS credentials")
    expect(not instance.seen, "the instance was asked without being told to")
    refused(tool, "AWS_EC2_METADATA_DISABLED", kind="imds", AWS_EC2_METADATA_DISABLED="TRUE")
    expect(not instance.seen, "the instance was asked although that is forbidden")
    for odd in ("../x", "a b", "", "x" * 70, "a/b"):
        instance.scenarios[role] = answer("200 OK", odd)
        refused(tool, "no role", kind="imds")
    instance.scenarios[role] = answer("404 Not Found")
    refused(tool, "has the instance a role", kind="imds")
    instance.scenarios["/latest/api/token"] = raw(b"", 3)
    refused(tool, "instance's credentials", kind="imds", within=2.0)
    instance.scenarios["/latest/api/token"] = answer("403 Forbidden")
    refused(tool, "403", kind="imds")


def nobody_there(tool):
    refused(tool, "nobody answers there; is this a container of an ECS task", AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=PATH)
    refused(tool, "Fargate has none", kind="imds")


def main():
    if len(sys.argv) == 1:  # once more, in a network of our own
        tools = [os.environ["CREDENTIALS_TOOL"], release_tool("credentials_tool")]
        mine = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-Urn"]
        os.execvp(mine[0], [*mine, sys.executable, os.path.abspath(__file__), *tools])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for tool in sys.argv[1:]:
        nobody_there(tool)
    for address in ("169.254.170.2", "169.254.170.23", "169.254.169.254"):
        subprocess.run(["ip", "addr", "add", f"{address}/32", "dev", "lo"], check=True)
    given = answer("200 OK", document())
    agent = OddServer({PATH: given}, ("169.254.170.2", 80))
    pod = OddServer({"/v1/credentials": given}, ("169.254.170.23", 80))
    instance = OddServer({}, ("169.254.169.254", 80))
    for tool in sys.argv[1:]:
        loopback = OddServer({"/": given})
        instance.seen.clear()
        with tempfile.TemporaryDirectory() as work:
            from_environment(tool)
            from_container(tool, agent)
            with_token(tool, work, pod, loopback)
            from_instance(tool, instance)


if __name__ == "__main__":
    main()
