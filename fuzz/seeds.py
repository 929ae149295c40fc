"""Puts seeds for the fuzz targets into corpus/, out of the vectors: whole receipts, and the entries inside them."""

import hashlib
import pathlib
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent
VECTORS = ROOT.parent / "tests" / "vectors"
LARGEST = 256 * 1024


def plant(target: str, content: bytes) -> None:
    """One seed, named by its hash; seeds over what the targets read are left out."""
    if len(content) <= LARGEST:
        folder = ROOT / "corpus" / target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / hashlib.sha256(content).hexdigest()).write_bytes(content)


def main() -> None:
    for path in sorted(VECTORS.rglob("*.cap")):
        receipt = path.read_bytes()
        plant("container", receipt)
        if "accept" not in path.parts:
            continue
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name == "capsule.cbor":
                    plant("cbor", archive.read(name))
                if name.startswith("proof/"):
                    plant("proof_prescan", archive.read(name))


main()
