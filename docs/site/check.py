#!/usr/bin/env python3
"""Checks the built site and the pages that it comes from.

    docs/site/check.py SITE     SITE is the folder that .ci/site built

On the site: every internal link and anchor is there, and no page asks for anything from another host. In the tree: the same
links and anchors, as the repository's viewer forms them, and no row of a table has more or fewer cells than its head.
"""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

TREE = Path(__file__).resolve().parents[2]
RESOURCES = {("link", "href"), ("script", "src"), ("img", "src"), ("source", "srcset"), ("iframe", "src"), ("object", "data")}
FENCE = re.compile(r"^(```|~~~).*?^\1[^\n]*$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)


def main():
    site = Path(sys.argv[1]).resolve()
    built = {path: Page(path) for path in sorted(site.rglob("*.html"))}
    sources = {path: Source(path) for path in markdown()}
    faults = [
        *(fault for page in built.values() for fault in site_faults(page, built)),
        *style_faults(site),
        *(fault for source in sources.values() for fault in tree_faults(source, sources)),
    ]
    for fault in faults:
        print(f"site: {fault}", file=sys.stderr)
    print(f"site: {len(built)} pages, {sum(len(page.links) for page in built.values())} links, {len(faults)} faults")
    sys.exit(bool(faults))


class Page(HTMLParser):
    """What a built page links to, asks for and can be linked to by."""

    def __init__(self, path):
        super().__init__()
        self.path, self.links, self.resources, self.anchors = path, [], [], {"", "__top"}
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("id", "name") and value:
                self.anchors.add(value)
            elif (tag, name) in RESOURCES:
                self.resources.append(value)
            elif (tag, name) == ("a", "href"):
                self.links.append(value)


def site_faults(page, built):
    for link in [*page.links, *page.resources]:
        url = urlsplit(link)
        if url.scheme in ("http", "https") or url.netloc:
            if link in page.resources:
                yield f"{page.path} asks for {link}"
            continue
        if url.scheme:
            continue
        target = page.path.parent.joinpath(unquote(url.path)).resolve() if url.path else page.path
        if not target.is_file():
            yield f"{page.path} links to {link}, which is not there"
        elif target in built and unquote(url.fragment) not in built[target].anchors:
            yield f"{page.path} links to {link}, which has no such anchor"


def style_faults(site):
    for path in sorted(site.rglob("*.css")):
        for link in re.findall(r"(?:url\(|@import\s*)[\"']?((?:https?:)?//[^\"')]+)", path.read_text()):
            yield f"{path} asks for {link}"


def markdown():
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", "*.md"]
    return [TREE / name for name in sorted(subprocess.check_output(listing, cwd=TREE, text=True).split())]


class Source:
    """A page of the tree, with its anchors as the repository's viewer makes them."""

    def __init__(self, path):
        text = FENCE.sub("", path.read_text())
        self.path, self.lines = path, text.split("\n")
        self.links = re.findall(r"\]\(([^)\s]+)[^)]*\)", CODE.sub("", text))
        self.anchors, seen = {""}, {}
        for heading in re.findall(r"^#{1,6} (.+)$", text, re.MULTILINE):
            name = slug(heading)
            count = seen[name] = seen.get(name, -1) + 1
            self.anchors.add(f"{name}-{count}" if count else name)


def slug(heading):
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")


def tree_faults(source, sources):
    name = source.path.relative_to(TREE)
    for link in source.links:
        path, _, anchor = link.partition("#")
        if "://" in link or link.startswith("mailto:"):
            continue
        target = source.path.parent.joinpath(path).resolve() if path else source.path
        if not target.exists():
            yield f"{name} links to {link}, which is not there"
        elif target in sources and anchor not in sources[target].anchors:
            yield f"{name} links to {link}, which has no such anchor"
    yield from table_faults(name, source.lines)


def table_faults(name, lines):
    """The viewer cuts a row at each bar that is not escaped, in code as well, and drops the cells that are too many. The site shows
    the escape where it stands in code; `<code>` and `&#124;` are right in both."""
    width = None
    for line in lines:
        if not line.startswith("|"):
            width = None
            continue
        cells = len(re.findall(r"(?<!\\)\|", line.rstrip())) - 1
        width = width or cells
        if cells != width:
            yield f"{name} has a row of {cells} cells in a table of {width}: {line[:80]}"
        if re.search(r"`[^`]*\\\|[^`]*`", line):
            yield f"{name} has an escaped bar in code: {line[:80]}"


if __name__ == "__main__":
    main()
