#!/usr/bin/env python3
"""Reads releases of Cloakroom: series with labels, straight from the shards, each checked as it is read.

One file that needs the standard library alone. numpy and pydicom give arrays and data sets where they are
installed. Compressed shards need one of: Python 3.14, the package zstandard, or the program zstd.

    from cloakroom_loader import Release
    for series in Release("lung-1.0.0").series(split="train"):
        print(series.patient, series.labels, series.volume().shape)

From a shell:

    python3 cloakroom_loader.py check  RELEASE                 every file against its digest
    python3 cloakroom_loader.py list   RELEASE [--split train]
    python3 cloakroom_loader.py fetch  RELEASE SERIES --out DIR
    python3 cloakroom_loader.py update RELEASE                 remove what a newer version withdrew
    python3 cloakroom_loader.py reveal RELEASE                 revealed labels against the commitment
    python3 cloakroom_loader.py monai  RELEASE --out DIR       NIfTI by dcm2niix, with a datalist.json
    python3 cloakroom_loader.py nnunet RELEASE --out DIR       NIfTI by dcm2niix, with a dataset.json

RELEASE is a folder, or an address that serves one by HTTP with ranges: then only the bytes of a series travel.
"""

import argparse
import csv
import hashlib
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import urllib.request

BLOCK = 512
CHUNK = 1 << 20


class Damaged(Exception):
    """Something is not what the signed lists say."""


def unzstd(data):
    """Decompresses the frames of a series."""
    try:
        from compression import zstd  # Python 3.14

        return zstd.decompress(data)
    except ImportError:
        pass
    try:
        import zstandard

        reader = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data), read_across_frames=True)
        return reader.read()
    except ImportError:
        pass
    if shutil.which("zstd") is None:
        raise RuntimeError("compressed shards need Python 3.14, the package zstandard, or the program zstd")
    return subprocess.run(["zstd", "-dcq"], input=data, stdout=subprocess.PIPE, check=True).stdout


def members(tar):
    """The names and contents of a piece of tar: ustar headers and regular files, nothing else."""
    place = 0
    while place + BLOCK <= len(tar):
        header = tar[place : place + BLOCK]
        if not any(header):
            return
        name = header[:100].rstrip(b"\0").decode()
        prefix = header[345:500].rstrip(b"\0").decode()
        size = int(header[124:136].rstrip(b"\0 ") or b"0", 8)
        if header[257:262] != b"ustar" or header[156:157] not in (b"0", b"\0"):
            raise Damaged("the shard holds something else than plain files")
        start = place + BLOCK
        if start + size > len(tar):
            raise Damaged(f"{name} is cut off")
        yield f"{prefix}/{name}" if prefix else name, tar[start : start + size]
        place = start + -(-size // BLOCK) * BLOCK


class Folder:
    """A release on a disk."""

    def __init__(self, root):
        self.root = pathlib.Path(root)

    def read(self, path, start=0, length=None):
        with open(self.root / path, "rb") as file:
            file.seek(start)
            return file.read() if length is None else file.read(length)

    def digest(self, path):
        digest = hashlib.sha256()
        with open(self.root / path, "rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
        return digest.hexdigest()


class Server:
    """A release behind HTTP."""

    def __init__(self, address):
        self.address = address.rstrip("/")

    def read(self, path, start=0, length=None):
        request = urllib.request.Request(f"{self.address}/{path}")
        if length is not None:
            request.add_header("Range", f"bytes={start}-{start + length - 1}")
        with urllib.request.urlopen(request) as answer:
            if length is not None and answer.status != 206:
                raise Damaged("the server does not serve byte ranges")
            return answer.read()

    def digest(self, path):
        return hashlib.sha256(self.read(path)).hexdigest()


def read_list(text):
    """The lines of a list of sha256sum, as a dictionary from path to digest."""
    pairs = (line.split("  ", 1) for line in text.decode().splitlines())
    return {path: digest for digest, path in pairs}


class Release:
    """A release whose tables have been checked. The signature is minisign's to check: see README.md."""

    def __init__(self, place, tagmanifest_sha256=None):
        is_address = str(place).startswith(("http://", "https://"))
        self.place = Server(place) if is_address else Folder(place)
        tags = self.place.read("tagmanifest-sha256.txt")
        if tagmanifest_sha256 and hashlib.sha256(tags).hexdigest() != tagmanifest_sha256:
            raise Damaged("this is not the release that was asked for")
        self.files = read_list(tags)
        self.files.update(read_list(self.text("manifest-sha256.txt")))
        self.manifest = json.loads(self.text("release.json"))

    def text(self, path):
        """The bytes of a small file, checked."""
        data = self.place.read(path)
        if hashlib.sha256(data).hexdigest() != self.files.get(path):
            raise Damaged(f"{path} is not what the list says")
        return data

    def table(self, name):
        """The rows of a table as dictionaries."""
        text = self.text(f"data/tables/{name}.csv").decode()
        return csv.DictReader(io.StringIO(text, newline=""))

    def labels(self):
        """The rows of data/tables/labels.csv by patient; empty where the release has none."""
        found = {}
        if "data/tables/labels.csv" in self.files:
            for row in self.table("labels"):
                found.setdefault(row.get("patient", ""), []).append(row)
        return found

    def withdrawn(self):
        """The patients that must not be used any more."""
        text = self.text("withdrawn.csv").decode()
        return {row["patient"] for row in csv.DictReader(io.StringIO(text, newline=""))}

    def series(self, split=None, wanted=None, done=None):
        """Yields the series in the order of the shards.

        wanted: a function of the row of series.csv. done: the path of a file that remembers which series were
        finished, so that a loop that was interrupted goes on; a series counts as finished when the next is asked for.
        """
        finished = set()
        if done is not None and os.path.exists(done):
            with open(done) as file:
                finished = set(file.read().split())
        labels = self.labels()
        instances = iter(self.table("instances"))
        for row in self.table("series"):
            rows = [next(instances) for _ in range(int(row["instances"]))]
            if any(one["series"] != row["series"] for one in rows):
                raise Damaged("the tables do not belong together")
            if row["series"] in finished or (split and row["split"] != split):
                continue
            if wanted is not None and not wanted(row):
                continue
            yield Series(self, row, rows, labels.get(row["patient"], []))
            if done is not None:
                with open(done, "a") as file:
                    file.write(row["series"] + "\n")

    def check(self, report=print):
        """Compares every file with its digest; returns how many differ or are missing."""
        wrong = 0
        for path, expected in sorted(self.files.items()):
            try:
                same = self.place.digest(path) == expected
            except (OSError, ValueError):
                same = False
            if not same:
                wrong += 1
                report(f"{path}: FAILED")
        return wrong


class Series:
    """One series; its bytes are read when they are asked for."""

    def __init__(self, release, row, rows, labels):
        self.release, self.row, self.rows, self.labels = release, row, rows, labels

    def __getattr__(self, name):
        try:
            return self.__dict__["row"][name]
        except KeyError:
            raise AttributeError(name) from None

    def files(self):
        """Pairs of member name and bytes, each checked against its digest."""
        row = self.row
        data = self.release.place.read(row["shard"], int(row["offset"]), int(row["length"]))
        if row["shard"].endswith(".zst"):
            data = unzstd(data)
        found = list(members(data))
        if [name for name, _ in found] != [one["member"] for one in self.rows]:
            raise Damaged(f"series {row['series']} has other members than the table")
        for (name, content), one in zip(found, self.rows):
            if hashlib.sha256(content).hexdigest() != one["sha256"]:
                raise Damaged(f"{name} is not what the table says")
        return found

    def datasets(self):
        """pydicom data sets, along the normal of the slices where they have one."""
        import pydicom

        pairs = zip(self.rows, self.files())
        ordered = sorted(pairs, key=lambda pair: height(pair[0]))
        return [pydicom.dcmread(io.BytesIO(content)) for _, (_, content) in ordered]

    def volume(self):
        """The stored values after the rescale, slices first."""
        import numpy

        slices = []
        for data in self.datasets():
            values = data.pixel_array.astype(numpy.float32)
            slices.append(values * float(data.get("RescaleSlope", 1)) + float(data.get("RescaleIntercept", 0)))
        return numpy.stack(slices)

    def save(self, folder):
        """Writes PATIENT/SERIES/NNNN.dcm below a folder; what is there and whole stays."""
        for (name, content), one in zip(self.files(), self.rows):
            parts = name.split("/")
            if len(parts) != 3 or any(part in ("", ".", "..") or "\\" in part for part in parts):
                raise Damaged(f"{name} is no name of a member")
            target = pathlib.Path(folder, *parts)
            if target.exists():
                if hashlib.sha256(target.read_bytes()).hexdigest() != one["sha256"]:
                    raise FileExistsError(target)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_suffix(".partial")
            partial.write_bytes(content)
            partial.replace(target)


def height(row):
    """The place of a slice along its normal; then its number, then its name."""
    number = float(row["instance_number"] or 0)
    if not row["position"] or not row["orientation"]:
        return (0.0, number, row["member"])
    x, y, z = (float(value) for value in row["position"].split("\\"))
    a, b, c, d, e, f = (float(value) for value in row["orientation"].split("\\"))
    return (x * (b * f - c * e) + y * (c * d - a * f) + z * (a * e - b * d), number, row["member"])


def to_nifti(series, target):
    """Converts a series with dcm2niix; returns whether that made one volume."""
    with tempfile.TemporaryDirectory() as folder:
        series.save(os.path.join(folder, "dicom"))
        out = os.path.join(folder, "nifti")
        os.mkdir(out)
        command = ["dcm2niix", "-z", "y", "-b", "n", "-f", "volume", "-o", out, os.path.join(folder, "dicom")]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
        volumes = [name for name in os.listdir(out) if name.endswith(".nii.gz")]
        if len(volumes) != 1:
            return False
        pathlib.Path(target).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(os.path.join(out, volumes[0]), target)
        return True


def export(release, out, layout):
    """Writes NIfTI volumes and the list that MONAI or nnU-Net reads; returns how many series were left out."""
    if shutil.which("dcm2niix") is None:
        raise RuntimeError("the conversion needs the program dcm2niix")
    folders = {"train": "imagesTr", "val": "imagesVal", "test": "imagesTs"}
    if layout == "nnunet":
        folders["val"] = "imagesTr"
    listed = {"train": [], "val": [], "test": []}
    skipped = 0
    for series in release.series():
        case = f"{series.patient}_{series.row['series'].replace('.', '_')}"
        name = f"{folders[series.split]}/{case}{'_0000' if layout == 'nnunet' else ''}.nii.gz"
        if not os.path.exists(os.path.join(out, name)) and not to_nifti(series, os.path.join(out, name)):
            skipped += 1
            continue
        entry = {"image": f"./{name}"}
        if series.labels and series.split != "test":
            entry["label"] = {key: value for key, value in series.labels[0].items() if key != "patient"}
        listed[series.split].append(entry)
    title, version = release.manifest["title"], release.manifest["version"]
    if layout == "monai":
        name = "datalist.json"
        text = {"training": listed["train"], "validation": listed["val"], "test": listed["test"]}
        text |= {"name": title, "release": version, "numTraining": len(listed["train"])}
    else:
        name = "dataset.json"
        text = {"channel_names": {"0": "image"}, "labels": {"background": 0}, "file_ending": ".nii.gz"}
        text |= {"numTraining": len(listed["train"]) + len(listed["val"]), "name": title, "release": version}
    pathlib.Path(out).mkdir(parents=True, exist_ok=True)
    with open(os.path.join(out, name), "w") as file:
        json.dump(text, file, indent=2, sort_keys=True)
        file.write("\n")
    return skipped


def update(root):
    """Removes from a folder that was updated in place what the new version does not have any more."""
    release = Release(root)
    gone = 0
    for line in release.text("removed.txt").decode().splitlines():
        parts = line.split("/")
        target = pathlib.Path(root, *parts)
        if line in release.files or ".." in parts or line.startswith("/"):
            continue
        if target.is_file() and not target.is_symlink():
            target.unlink()
            gone += 1
    return gone


def merkle_root(leaves):
    """RFC 6962, section 2.1."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return hashlib.sha256(b"\1" + merkle_root(leaves[:half]) + merkle_root(leaves[half:])).digest()


def reveal(release):
    """Compares revealed labels with the commitment; returns how many there are."""
    commitment = json.loads(release.text("sealed/commitment.json"))
    archive = dict(members(release.place.read("post/test-labels.tar")))
    nonces = [line.split("  ", 1) for line in archive.pop("nonces.txt").decode().splitlines()]
    leaves = []
    for nonce, name in sorted(nonces, key=lambda pair: pair[1]):
        content = archive.pop(f"labels/{name}")
        leaves.append(hashlib.sha256(b"\0" + bytes.fromhex(nonce) + name.encode() + b"\0" + content).digest())
    if archive or len(leaves) != commitment["labels"] or merkle_root(leaves).hex() != commitment["root"]:
        raise Damaged("the labels are not those that were committed to")
    return len(leaves)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["check", "list", "fetch", "update", "reveal", "monai", "nnunet"])
    parser.add_argument("release")
    parser.add_argument("series", nargs="?")
    parser.add_argument("--split")
    parser.add_argument("--out")
    given = parser.parse_args()
    if given.command in ("fetch", "monai", "nnunet") and not given.out:
        parser.error("--out is needed")
    if given.command == "update":
        print(f"removed {update(given.release)} files")
        return 0
    release = Release(given.release)
    if given.command == "check":
        wrong = release.check()
        print(f"{len(release.files)} files, {wrong} wrong; the signature is checked by minisign")
        return 3 if wrong else 0
    if given.command == "list":
        for series in release.series(split=given.split):
            print(series.row["series"], series.patient, series.split, series.modality, series.instances)
    elif given.command == "fetch":
        found = 0
        for series in release.series(wanted=lambda row: row["series"] == given.series):
            series.save(given.out)
            found += 1
        if not found:
            print("there is no such series", file=sys.stderr)
            return 2
    elif given.command == "reveal":
        print(f"{reveal(release)} labels are those that were committed to")
    else:
        skipped = export(release, given.out, given.command)
        if skipped:
            print(f"{skipped} series are no single volume and were left out", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Damaged, RuntimeError) as fault:
        print(f"error: {fault}", file=sys.stderr)
        sys.exit(3)
