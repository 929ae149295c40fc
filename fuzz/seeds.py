"""Puts seeds for the fuzz targets into corpus/: receipts, and the entries inside them.

seeds.py [FOLDER...]    out of every *.cap below the folders; by default, the vectors
"""

import hashlib
import pathlib
import sys
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent
VECTORS = ROOT.parent / "tests" / "vectors"

# What the targets read at most.
LARGEST = 256 * 1024


def plant(target: str, content: bytes) -> None:
    """One seed, named by its hash."""
    if len(content) <= LARGEST:
        folder = ROOT / "corpus" / target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / hashlib.sha256(content).hexdigest()).write_bytes(content)


def plant_entries(receipt: pathlib.Path) -> None:
    with zipfile.ZipFile(receipt) as archive:
        for name in archive.namelist():
            if name == "capsule.cbor":
                plant("cbor", archive.read(name))
            elif name == "events.jsonl":
                plant("event_log", archive.read(name))
            elif name.startswith("proof/"):
                plant("proof", receipt.read_bytes())


def main(folders: list[pathlib.Path]) -> None:
    for path in sorted(path for folder in folders for path in folder.rglob("*.cap")):
        plant("container", path.read_bytes())
        plant("verify_whole", path.read_bytes())
        # Refused receipts may be of any shape: another reader need not open them.
        if "reject" not in path.parts:
            plant_entries(path)


main([pathlib.Path(folder) for folder in sys.argv[1:]] or [VECTORS])
