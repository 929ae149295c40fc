// The package as it is published, unpacked into a project.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));

/** Packs into a folder. Answers the archive's path, and the paths of the files in it. */
export function packInto(folder) {
  const options = { cwd: root, encoding: "utf8" };
  const [{ filename, files }] = JSON.parse(execFileSync("npm", ["pack", "--json", "--pack-destination", folder], options));
  return { archive: join(folder, filename), files: files.map(({ path }) => path).sort() };
}

/** Unpacks into `project`/node_modules, over what was there. */
export function unpackInto(project) {
  const scratch = mkdtempSync(join(tmpdir(), "capseal-packed-"));
  try {
    const { archive } = packInto(scratch);
    const place = join(project, "node_modules/capseal-verify");
    rmSync(place, { recursive: true, force: true });
    mkdirSync(place, { recursive: true });
    execFileSync("tar", ["-xzf", archive, "-C", place, "--strip-components=1"]);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
