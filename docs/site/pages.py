"""Gives MkDocs the tree's own Markdown files as pages, and the files that they link to, each at its path in the tree."""

import re
import subprocess
from pathlib import Path

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File

TREE = Path(__file__).resolve().parents[2]
# What .ci/site has fetched.
TOOLS = TREE / "target/site-tools"
SCRIPTS = ["mermaid.min.js", "iframe-worker.js"]
ICON = "web-demo/icon.svg"
# Inline links and images, and the sources of raw pictures.
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)|(?:src|srcset|href)=\"([^\"#]+)\"")


def on_files(files, config):
    pages = [name for name in tracked("*.md") if not name.startswith(".github/")]
    linked = {name for page in pages for name in targets(page)} - set(pages)
    for name in [*pages, *sorted({ICON, *linked})]:
        files.append(File.generated(config, name, abs_src_path=str(TREE / name)))
    for name in SCRIPTS:
        files.append(File.generated(config, name, abs_src_path=str(TOOLS / name)))
    return files


def on_nav(nav, config, files):
    """The README is the way home also where it stands in a section."""
    nav.homepage = files.get_file_from_path("README.md").page
    return nav


def on_post_template(output, template_name, config):
    """The page for missing addresses would need to know the site's own."""
    return "" if template_name == "404.html" else output


def on_post_page(output, page, config):
    """The theme would fetch Mermaid from another host, were it not there already."""
    if '<pre class="mermaid">' not in output:
        return output
    up = "../" * page.url.count("/")
    return output.replace("</head>", f'<script src="{up}mermaid.min.js"></script></head>', 1)


def tracked(pattern):
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", pattern]
    return sorted(subprocess.check_output(listing, cwd=TREE, text=True).split())


def targets(page):
    """The files of the tree that a page links to."""
    for match in LINK.finditer((TREE / page).read_text()):
        link = match[1] or match[2]
        if "://" in link or link.startswith("mailto:"):
            continue
        path = (TREE / page).parent.joinpath(link).resolve()
        if not path.is_relative_to(TREE) or not path.exists():
            raise PluginError(f"{page} links to {link}, which is not there")
        if path.is_file():
            yield str(path.relative_to(TREE))
