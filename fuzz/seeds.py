"""Puts seeds for the fuzz targets into corpus/: receipts, and the entries inside them.

seeds.py [FOLDER...]    out of every *.cap below the folders, and what logs bring along; by default, the vectors and the page's samples
"""

import base64
import hashlib
import json
import pathlib
import sys
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent
RECEIPTS = [ROOT.parent / "tests" / "vectors", ROOT.parent / "web-demo" / "samples"]
TARGETS = ["capability", "cbor", "container", "event_log", "pcap", "proof", "trust", "verify_whole"]

# What the targets read at most.
LARGEST = 320 * 1024


def plant(target: str, content: bytes) -> None:
    """One seed, named by its hash."""
    if len(content) <= LARGEST:
        folder = ROOT / "corpus" / target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / hashlib.sha256(content).hexdigest()).write_bytes(content)


def plant_entries(receipt: pathlib.Path) -> None:
    """The entries that a target reads by themselves."""
    with zipfile.ZipFile(receipt) as archive:
        for name in archive.namelist():
            if name == "capsule.cbor":
                plant("cbor", archive.read(name))
            elif name == "events.jsonl":
                plant("event_log", archive.read(name))
                plant("pcap", archive.read(name))
            elif name == "policy.json" or name.startswith("signatures/"):
                plant("trust", archive.read(name))
            elif name.startswith("proof/"):
                plant("proof", receipt.read_bytes())
            elif name.startswith("artifacts/") and archive.read(name)[1:7] == b"\x65entry":
                plant("cbor", archive.read(name))


def plant_tokens(vectors: pathlib.Path) -> None:
    """Tokens, proofs and lists as bytes, and what tokens are judged by."""

    def plant_text(text: str) -> None:
        try:
            plant("capability", base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        except ValueError:
            plant("capability", text.encode())

    for case in json.loads(vectors.read_text())["cases"]:
        plant_text(case["token"])
        plant("capability", json.dumps(case["options"]).encode())
        for text in [*case["options"].get("revocations", []), case["options"].get("possession", {}).get("proof") or ""]:
            plant_text(text)


def main(folders: list[pathlib.Path]) -> None:
    for path in sorted(path for folder in folders for path in folder.rglob("*.cap")):
        plant("container", path.read_bytes())
        plant("verify_whole", path.read_bytes())
        options = path.with_suffix(".options.json")
        if options.exists():
            plant("trust", json.loads(options.read_text()).get("trust", "").encode())
        # Refused receipts may be of any shape: another reader need not open them.
        if "reject" not in path.parts:
            try:
                plant_entries(path)
            except zipfile.BadZipFile:
                print(f"seeds: {path} is not for other readers", file=sys.stderr)
    for path in sorted(path for folder in folders for path in folder.rglob("pcap/v2/*")):
        plant("pcap", path.read_bytes())
    for path in sorted(path for folder in folders for path in folder.rglob("capability.json")):
        plant_tokens(path)
    for target in TARGETS:
        # A proof or a capsule is not found by chance: without a seed the target would test nothing.
        if not any((ROOT / "corpus" / target).glob("*")):
            sys.exit(f"seeds: none for {target}")


main([pathlib.Path(folder) for folder in sys.argv[1:]] or RECEIPTS)
