// The package as it is published, unpacked into a project.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));

/** Unpacks into `project`/node_modules, over what was there. */
export function unpackInto(project) {
  const scratch = mkdtempSync(join(tmpdir(), "capseal-packed-"));
  try {
    const options = { cwd: root, encoding: "utf8" };
    const [{ filename, files }] = JSON.parse(execFileSync("npm", ["pack", "--json", "--pack-destination", scratch], options));
    const place = join(project, "node_modules/capseal-verify");
    rmSync(place, { recursive: true, force: true });
    mkdirSync(place, { recursive: true });
    execFileSync("tar", ["-xzf", join(scratch, filename), "-C", place, "--strip-components=1"]);
    return files.map(({ path }) => path).sort();
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
