#!/usr/bin/env python3
"""Check an evidence log or a proof of one object, from the description in docs/formats.md alone.

    check_log.py log LOG.jsonl CHECKPOINT [--leaves FILE] [--keys FILE] [--since CHECKPOINT]
    check_log.py proof FILE.tlog-proof [--object FILE] [--keys FILE]

Prints one line for each failure, or "ok" and the head. Exit code: 0 sound, 3 not sound, 2 wrong use.
Needs Python's standard library and the package `cryptography`.
"""

import argparse
import base64
import hashlib
import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class Wrong(Exception):
    """A failure, by its name."""


def sha256(data):
    return hashlib.sha256(data).digest()


def leaf_hash(line):
    return sha256(b"\x00" + line)


def node_hash(left, right):
    return sha256(b"\x01" + left + right)


def root_of(leaves):
    """The root of RFC 6962 section 2.1, by joining equal subtrees from the left and what is left over from the right."""
    stack = []
    for index, node in enumerate(leaves):
        number = index + 1
        while number % 2 == 0:
            node = node_hash(stack.pop(), node)
            number //= 2
        stack.append(node)
    if not stack:
        return sha256(b"")
    root = stack.pop()
    while stack:
        root = node_hash(stack.pop(), root)
    return root


def root_of_path(leaf, index, size, path):
    """Follows an inclusion path by the recursion of RFC 6962 section 2.1.1."""
    if size == 1:
        if path:
            raise Wrong("path-wrong")
        return leaf
    if not path:
        raise Wrong("path-wrong")
    split = 1
    while split * 2 < size:
        split *= 2
    if index < split:
        return node_hash(root_of_path(leaf, index, split, path[:-1]), path[-1])
    return node_hash(path[-1], root_of_path(leaf, index - split, size - split, path[:-1]))


def key_id(name, key):
    return sha256(name.encode() + b"\n\x01" + key)[:4]


def is_package_key(line):
    """Whether a line is the minisign key of packages, which stands in the same file: base64 of "Ed", an id and a key."""
    try:
        raw = base64.b64decode(line, validate=True)
    except ValueError:
        return False
    return len(raw) == 42 and raw[:2] == b"Ed"


def read_keys(path):
    keys = []
    for line in open(path, encoding="utf-8"):
        line = line.strip()
        if not line or line.startswith("#") or is_package_key(line):
            continue
        name, identity, encoded = line.split("+", 2)
        raw = base64.b64decode(encoded, validate=True)
        if len(raw) != 33 or raw[0] != 1 or key_id(name, raw[1:]).hex() != identity:
            raise Wrong("key-malformed")
        keys.append((name, raw[1:]))
    return keys


class Checkpoint:
    def __init__(self, text):
        body, separator, tail = text.rpartition("\n\n")
        if not separator or not tail.endswith("\n"):
            raise Wrong("checkpoint-malformed")
        self.body = body + "\n"
        lines = body.split("\n")
        if len(lines) != 3 or lines[0].count("/") != 2 or not lines[0].startswith("cloakroom/"):
            raise Wrong("checkpoint-malformed")
        self.origin = lines[0]
        self.size = int(lines[1])
        if str(self.size) != lines[1]:
            raise Wrong("checkpoint-malformed")
        self.root = base64.b64decode(lines[2], validate=True)
        self.signatures = []
        for line in tail[:-1].split("\n"):
            dash, name, encoded = line.split(" ")
            if dash != "\u2014":
                raise Wrong("checkpoint-malformed")
            raw = base64.b64decode(encoded, validate=True)
            self.signatures.append((name, raw[:4], raw[4:]))

    def check(self, keys):
        good = False
        for name, identity, signature in self.signatures:
            for trusted, key in keys:
                if name != trusted and not name.startswith(trusted + "/"):
                    continue
                if key_id(name, key) != identity:
                    continue
                try:
                    Ed25519PublicKey.from_public_bytes(key).verify(signature, self.body.encode())
                except InvalidSignature:
                    raise Wrong("signature-wrong") from None
                good = True
        if not good:
            raise Wrong("signer-unknown")


def spelled(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def refuse_fraction(_):
    raise ValueError("fraction")


class Log:
    """Reads the lines of a log and gathers what is wrong."""

    def __init__(self, origin):
        self.site, self.track = origin.split("/")[1:]
        self.failures = []
        self.leaves = []
        self.delivery = 0
        self.actions = {}
        self.decisions = []
        self.latest = {}
        self.outputs = set()
        self.withheld = 0
        self.begin()

    def begin(self):
        self.run = {"records": 0, "withheld": 0, "ended": {}, "outputs": 0, "bytes": 0}
        self.order = None
        self.date = None
        self.start = (len(self.leaves), root_of(self.leaves).hex())

    def wrong(self, name):
        self.failures.append(f"{name} at leaf {len(self.leaves)}")

    def line(self, line):
        try:
            entry = json.loads(line, parse_float=refuse_fraction)
            if spelled(entry).encode() != line or next(iter(entry)) != "kind":
                raise ValueError("spelling")
            read = getattr(self, "read_" + entry["kind"])
        except (ValueError, AttributeError, KeyError, StopIteration, TypeError):
            self.wrong("line-malformed")
            self.run["records"] += 1
            self.leaves.append(leaf_hash(line))
            return
        read(entry, line)

    def read_actions(self, _, line):
        digest = sha256(line).hex()
        if digest in self.actions:
            self.wrong("actions-unused")
        self.actions[digest] = False

    def read_decision(self, entry, line):
        body = entry["body"]
        previous = self.decisions[-1] if self.decisions else None
        place = (self.site, self.track, len(self.decisions) + 1, previous)
        name, identity, encoded = body["key"].split("+", 2)
        key = base64.b64decode(encoded, validate=True)
        message = "cloakroom decision 1\n" + spelled(body)
        try:
            Ed25519PublicKey.from_public_bytes(key[1:]).verify(
                base64.b64decode(entry["signature"], validate=True), message.encode()
            )
            signed = True
        except InvalidSignature:
            signed = False
        named = name == body["reviewer"] and key[:1] == b"\x01" and key_id(name, key[1:]).hex() == identity
        if (body["site"], body["track"], body["number"], body.get("previous")) != place or not (signed and named):
            self.wrong("decision-wrong")
            return
        del entry["kind"]
        self.decisions.append(sha256(spelled(entry).encode()).hex())

    def read_object(self, entry, line):
        leaf = leaf_hash(line)
        self.run["records"] += 1
        self.date = self.date or entry["date"]
        place = (self.site, self.track, self.delivery + 1, self.date)
        if (entry["site"], entry["track"], entry["delivery"], entry["date"]) != place:
            self.wrong("record-misplaced")
        output = entry.get("output")
        order = (output is None, output["digest"] if output else entry["input"], leaf.hex())
        if self.order is not None and self.order >= order:
            self.wrong("order-wrong")
        self.order = order
        if (entry["outcome"] == "cleared") != (output is not None):
            self.wrong("record-contradicts")
        if output:
            if output["digest"] in self.outputs:
                self.wrong("object-twice")
            self.outputs.add(output["digest"])
            self.run["outputs"] += 1
            self.run["bytes"] += output["bytes"]
        ended = self.run["ended"]
        ended[entry["outcome"]] = ended.get(entry["outcome"], 0) + 1
        if not set(entry.get("decisions", [])) <= set(self.decisions):
            self.wrong("decision-missing")
        if "actions" in entry:
            if entry["actions"] not in self.actions:
                self.wrong("actions-missing")
            self.actions[entry["actions"]] = True
        if "earlier" in entry:
            before = self.latest.pop(entry["earlier"], None)
            if (before is None or before[0] != entry["input"]) and not self.withheld:
                self.wrong("earlier-wrong")
        self.latest[leaf.hex()] = (entry["input"], entry["outcome"])
        self.leaves.append(leaf)

    def read_withheld(self, entry, _):
        self.run["withheld"] += 1
        self.withheld += 1
        self.leaves.append(bytes.fromhex(entry["leaf"]))

    def read_summary(self, entry, line):
        run = self.run
        if (entry["previous"]["size"], entry["previous"]["root"]) != self.start:
            self.wrong("previous-head-wrong")
        place = (self.site, self.track, self.delivery + 1, self.date or entry["date"])
        if (entry["site"], entry["track"], entry["delivery"], entry["date"]) != place:
            self.wrong("record-misplaced")
        released = (entry["released"]["instances"], entry["released"]["bytes"])
        if entry["records"] != run["records"] + run["withheld"]:
            self.wrong("summary-wrong")
        elif not run["withheld"] and released != (run["outputs"], run["bytes"]):
            self.wrong("summary-wrong")
        head = {"count": len(self.decisions), "last": self.decisions[-1]} if self.decisions else None
        if entry.get("decisions") != head:
            self.wrong("decision-missing")
        if not self.conserves(entry):
            self.wrong("conservation-broken")
        self.delivery = entry["delivery"]
        self.leaves.append(leaf_hash(line))
        self.begin()

    def conserves(self, entry):
        for equation in (entry["run"], entry["total"]):
            for unit in ("count", "bytes"):
                if sum(tally[unit] for tally in equation["ended"].values()) != equation["found"][unit]:
                    return False
        counted = {outcome: tally["count"] for outcome, tally in entry["run"]["ended"].items()}
        if not self.run["withheld"] and counted != self.run["ended"]:
            return False
        latest = {}
        for _, outcome in self.latest.values():
            latest[outcome] = latest.get(outcome, 0) + 1
        counted = {outcome: tally["count"] for outcome, tally in entry["total"]["ended"].items()}
        return bool(self.withheld) or counted == latest

    def finish(self):
        if self.run["records"] or self.run["withheld"]:
            self.wrong("summary-missing")
        if not self.withheld:
            self.failures += [f"actions-unused {key}" for key, used in self.actions.items() if not used]


def compare(log, checkpoint, listed):
    """Compares the leaves with the signed head, and names the first difference."""
    if (len(log.leaves), root_of(log.leaves)) == (checkpoint.size, checkpoint.root):
        if listed is not None and listed != log.leaves:
            return ["leaf-list-wrong"]
        return []
    if listed is None or (len(listed), root_of(listed)) != (checkpoint.size, checkpoint.root):
        return ["head-wrong"]
    missing, extra = set(listed) - set(log.leaves), set(log.leaves) - set(listed)
    if missing and extra:
        return ["record-edited"]
    if missing:
        return ["record-dropped"]
    return ["record-added"] if len(log.leaves) > len(listed) else ["records-swapped"]


def attempt(failures, action):
    try:
        action()
    except Wrong as wrong:
        failures.append(str(wrong))


def check_log(arguments, keys):
    checkpoint = Checkpoint(open(arguments.checkpoint, encoding="utf-8").read())
    log = Log(checkpoint.origin)
    data = open(arguments.log, "rb").read()
    if data and not data.endswith(b"\n"):
        log.wrong("line-malformed")
    for line in data.split(b"\n")[:-1]:
        log.line(line)
    log.finish()
    listed = None
    if arguments.leaves:
        listed = [bytes.fromhex(line) for line in open(arguments.leaves, encoding="ascii").read().split()]
    failures = log.failures + compare(log, checkpoint, listed)
    attempt(failures, lambda: checkpoint.check(keys))
    if arguments.since:
        since = Checkpoint(open(arguments.since, encoding="utf-8").read())
        attempt(failures, lambda: since.check(keys))
        if since.origin != checkpoint.origin:
            failures.append("origin-wrong")
        elif since.size > len(log.leaves):
            failures.append("head-replayed")
        elif root_of(log.leaves[: since.size]) != since.root:
            failures.append("history-rewritten")
    return failures, f"ok {len(log.leaves)} {root_of(log.leaves).hex()}"


def check_proof(arguments, keys):
    proof, separator, note = open(arguments.proof, encoding="utf-8").read().partition("\n\n")
    lines = proof.split("\n")
    if not separator or lines[0] != "c2sp.org/tlog-proof@v1" or len(lines) < 3:
        raise Wrong("proof-malformed")
    if not lines[1].startswith("extra ") or not lines[2].startswith("index "):
        raise Wrong("proof-malformed")
    line = base64.b64decode(lines[1][6:], validate=True)
    index = int(lines[2][6:])
    path = [base64.b64decode(hash_, validate=True) for hash_ in lines[3:]]
    checkpoint = Checkpoint(note)
    failures = []
    if not 0 <= index < checkpoint.size:
        raise Wrong("path-wrong")
    if root_of_path(leaf_hash(line), index, checkpoint.size, path) != checkpoint.root:
        failures.append("path-wrong")
    attempt(failures, lambda: checkpoint.check(keys))
    output = json.loads(line).get("output", {}).get("digest")
    if arguments.object:
        if hashlib.sha256(open(arguments.object, "rb").read()).hexdigest() != output:
            failures.append("object-wrong")
    return failures, f"ok {index} {output}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    commands = parser.add_subparsers(required=True)
    log = commands.add_parser("log")
    log.add_argument("log")
    log.add_argument("checkpoint")
    log.add_argument("--leaves")
    log.add_argument("--since")
    log.set_defaults(check=check_log)
    proof = commands.add_parser("proof")
    proof.add_argument("proof")
    proof.add_argument("--object")
    proof.set_defaults(check=check_proof)
    for command in (log, proof):
        command.add_argument("--keys")
    arguments = parser.parse_args()
    try:
        keys = read_keys(arguments.keys) if arguments.keys else []
        failures, sound = arguments.check(arguments, keys)
    except Wrong as wrong:
        failures, sound = [str(wrong)], ""
    print("\n".join(failures) or sound)
    return 3 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
