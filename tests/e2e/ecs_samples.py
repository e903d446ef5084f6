#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""samples/ecs/ against what AWS takes: the service model of ECS with its enums, the grammar of policies, and rules that
reviewers of task definitions ask for. And against procsnap: the sidecar's command line is one that it takes."""
import json
import os
import pathlib
import re
import subprocess
import sys

sys.path.append("/usr/lib/python3/dist-packages")  # Debian's botocore, also where `python3` is another one
import botocore.session  # noqa: E402
import botocore.validate  # noqa: E402

FOLDER = pathlib.Path(__file__).parents[2] / "samples" / "ecs"
PROCSNAP = os.environ["PROCSNAP"]
MARK = re.compile(r"REPLACE_[A-Z_]+")
# What stands for a mark, where more than any word is looked at.
VALUES = {
    "REPLACE_ACCOUNT_ID": "111122223333",
    "REPLACE_EVIDENCE_ACCOUNT_ID": "444455556666",
    "REPLACE_REGION": "eu-west-1",
    "REPLACE_EVIDENCE_BUCKET": "evidence-444455556666-eu-west-1",
    "REPLACE_AGE_RECIPIENT": "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
}
# The actions that a policy may allow, and to what: nothing else is needed, and nothing else is given.
WRITERS = {"s3:PutObject", "kms:GenerateDataKey", "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel",
           "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel"}
WATCH_ALONE = {"--every", "--jitter", "--stop-budget"}
failures = 0


def check(what, good, *told):
    global failures
    if not good:
        failures += 1
        print("FAILED:", what, *told)


def load(name):
    text = (FOLDER / name).read_text()
    text = MARK.sub(lambda mark: VALUES.get(mark[0], mark[0].lower().replace("_", "-")), text)
    return json.loads(text)


def enum_flaws(shape, value, path=""):
    """Words that the model does not list: the validator itself looks at types and names only."""
    if shape.type_name == "structure":
        return [flaw for key, item in value.items() for flaw in enum_flaws(shape.members[key], item, f"{path}.{key}")]
    if shape.type_name == "list":
        return [flaw for item in value for flaw in enum_flaws(shape.member, item, path + "[]")]
    allowed = getattr(shape, "enum", None)
    return [f"{path}: {value} is none of {allowed}"] if allowed and value not in allowed else []


def check_task_definition(name, ptrace):
    task = load(name)
    shape = botocore.session.get_session().get_service_model("ecs").operation_model("RegisterTaskDefinition").input_shape
    report = botocore.validate.ParamValidator().validate(task, shape)
    check(f"{name}: the service model takes it", not report.has_errors(), report.generate_report())
    check(f"{name}: its words are in the model's lists", not enum_flaws(shape, task), enum_flaws(shape, task))
    check(f"{name}: shares the task's PID namespace, never the host's", task["pidMode"] == "task")
    check(f"{name}: no IPC namespace is shared", "ipcMode" not in task)
    check(f"{name}: Fargate", task["requiresCompatibilities"] == ["FARGATE"] and task["networkMode"] == "awsvpc")
    for container in task["containerDefinitions"]:
        check(f"{name}: {container['name']} is not privileged", not container.get("privileged"))
        check(f"{name}: {container['name']} logs", container["logConfiguration"]["logDriver"] == "awslogs")
        check(f"{name}: {container['name']} has no secret in its environment", not container.get("environment"))
    check_sidecar(name, task, ptrace)


def check_sidecar(name, task, ptrace):
    app, sidecar = task["containerDefinitions"]
    linux = sidecar["linuxParameters"]
    added = linux.get("capabilities", {}).get("add", [])
    check(f"{name}: the application is essential, the sidecar is not", app["essential"] and not sidecar["essential"])
    check(f"{name}: read-only root", sidecar["readonlyRootFilesystem"])
    check(f"{name}: an init process", linux["initProcessEnabled"])
    check(f"{name}: rights", added == (["SYS_PTRACE"] if ptrace else []), added)
    # Rights that we drop are rights that a process may have beyond ours: without SYS_PTRACE it would be closed to us.
    check(f"{name}: nothing dropped without SYS_PTRACE", ptrace or "drop" not in linux.get("capabilities", {}))
    check(f"{name}: health is liveness by our own binary",
          sidecar["healthCheck"]["command"] == ["CMD", "/procsnap", "health"])
    check(f"{name}: time to stop", sidecar["stopTimeout"] == 30)
    check_command(name, sidecar["command"], sidecar["stopTimeout"])


# Without a network, and with an end: --kill-child takes all that the command started.
APART = ["unshare", "--map-root-user", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "AWS_REGION": "eu-west-1"}


def first_event(command):
    """What a watch says first when it takes its command line."""
    with subprocess.Popen([*APART, PROCSNAP, *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, env=ENVIRONMENT) as watch:
        try:
            return json.loads(watch.stdout.readline() or "{}").get("event")
        finally:
            watch.kill()


def check_command(name, command, stop_timeout):
    """4 is "would not work", which is right where there is no network; 2 would be "not understood"."""
    budget = command[command.index("--stop-budget") + 1]
    check(f"{name}: the stop budget fits the stop timeout", int(budget.removesuffix("s")) < stop_timeout)
    check(f"{name}: the watch takes the command line", first_event(command) == "started", first_event(command))
    delivery = [word for at, word in enumerate(command) if not {word, command[at - 1]} & WATCH_ALONE]
    run = subprocess.run([*APART, PROCSNAP, "collect", *delivery[1:], "--check-destination"], stdin=subprocess.DEVNULL,
                         capture_output=True, text=True, timeout=300, env=ENVIRONMENT)
    check(f"{name}: collect can check that destination", run.returncode == 4, run.returncode, run.stderr)


def check_policy(name):
    policy = load(name)
    check(f"{name}: the version that has all operators", policy["Version"] == "2012-10-17")
    sids = [statement["Sid"] for statement in policy["Statement"]]
    check(f"{name}: each statement is named once", len(set(sids)) == len(sids))
    for statement in policy["Statement"]:
        unknown = set(statement) - {"Sid", "Effect", "Action", "Resource", "Condition", "Principal"}
        check(f"{name}: {statement['Sid']}: known elements", not unknown, unknown)
        check(f"{name}: {statement['Sid']}: effect", statement["Effect"] in ("Allow", "Deny"))
        check(f"{name}: {statement['Sid']}: a principal in bucket policies only",
              ("Principal" in statement) == (name == "bucket-policy.json"))
    return policy["Statement"]


def listed(value):
    return value if isinstance(value, list) else [value]


def check_task_role():
    allowed = {action for statement in check_policy("task-role-policy.json") for action in listed(statement["Action"])}
    check("task role: writes, and nothing else", allowed == WRITERS, allowed ^ WRITERS)


# What docs/OPERATIONS.md tells a responder to do, by the account that it is done in.
IN_THE_TASKS_ACCOUNT = {"ecs:ListTasks", "ecs:DescribeTasks", "ecs:ExecuteCommand", "logs:FilterLogEvents"}
IN_THE_BUCKETS_ACCOUNT = {"s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectRetention", "s3:ListBucket",
                          "s3:PutObject", "kms:Decrypt", "kms:GenerateDataKey"}


def check_responder():
    """Two roles where there are two accounts: README.md says where the one ends and the other begins."""
    statements = check_policy("responder-policy.json")
    for which, half, rights in (("the first four", statements[:4], IN_THE_TASKS_ACCOUNT),
                                ("the last four", statements[4:], IN_THE_BUCKETS_ACCOUNT)):
        allowed = {action for statement in half if statement["Effect"] == "Allow"
                   for action in listed(statement["Action"])}
        check(f"responder: rights of {which} statements", allowed == rights and len(half) == 4, allowed ^ rights)


def check_bucket():
    statements = {statement["Sid"]: statement for statement in check_policy("bucket-policy.json")}
    check("bucket: TLS only", statements["OnlyOverTls"]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}})
    check("bucket: nothing is overwritten",
          statements["NothingIsOverwritten"]["Condition"]["Null"] == {"s3:if-none-match": "true"})
    for sid, statement in statements.items():
        check(f"bucket: {sid} is conditional or denies", statement["Effect"] == "Deny" or "Condition" in statement)


def check_marks():
    """Every mark is explained where people look for it."""
    told = (FOLDER / "README.md").read_text()
    for path in sorted(FOLDER.glob("*.json")):
        for mark in sorted(set(MARK.findall(path.read_text()))):
            check(f"{path.name}: README.md explains {mark}", mark in told)


def main():
    check_task_definition("task-definition.json", True)
    check_task_definition("task-definition-without-ptrace.json", False)
    check_task_role()
    check_responder()
    check_bucket()
    check_marks()
    sys.exit(failures > 0)


main()
