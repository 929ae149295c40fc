// The command: exit statuses, output for people and for scripts, wrong usage.
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { ASKED, answerForArchive, REGISTERED } from "../../tests/parity/archive.mjs";
import { withHost } from "../../tests/parity/server.mjs";

const cli = fileURLToPath(new URL("../dist/cli.mjs", import.meta.url));
const good = fileURLToPath(new URL("../../web-demo/samples/strategy.cap", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "capseal-cli-"));
const bad = join(folder, "bad\u001b[2J.cap");
writeFileSync(bad, "not a receipt");
after(() => rmSync(folder, { recursive: true }));

function run(args, input) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { input, encoding: "utf8" });
  return { status, stdout, stderr };
}

test("a good receipt exits with 0 and lists every check", () => {
  const { status, stdout } = run([good]);
  assert.equal(status, 0);
  for (const word of ["✓ witnessed  The record of the run is intact", "✓ container", "– availability", "does not show"]) {
    assert.ok(stdout.includes(word), word);
  }
  assert.doesNotMatch(stdout, /\u001b/);
});

test("a program that failed is no success, and can be refused", () => {
  const failed = (name) => fileURLToPath(new URL(`../../tests/vectors/accept/${name}.cap`, import.meta.url));
  const { status, stdout } = run([failed("process-failed-declared")]);
  assert.equal(status, 0);
  for (const word of ["! failed  The program failed: it ended with exit code 3.", "exit code      3", "command        "]) {
    assert.ok(stdout.includes(word), stdout);
  }
  assert.ok(run([failed("process-signal")]).stdout.includes("! failed  The program failed: signal 9 ended it."));
  const proven = run(["--json", failed("rv32im-100")]);
  const verdict = JSON.parse(proven.stdout);
  assert.deepEqual([verdict.conclusion, verdict.run.exit_code, verdict.verifier_exit_status], ["failed", 7, 0]);
  const refused = run(["--require-exit", "0", failed("rv32im-100")]);
  assert.equal(refused.status, 11);
  assert.ok(refused.stdout.includes("E303_EXIT_NOT_AS_REQUIRED"));
  assert.equal(run(["--require-exit", "7", failed("rv32im-100")]).status, 0);
  assert.equal(run(["--require-exit", "-1", good]).status, 2);
});

test("standard input and --json", () => {
  const { status, stdout } = run(["--json", "-"], readFileSync(good));
  assert.equal(status, 0);
  assert.equal(stdout, `${JSON.stringify(JSON.parse(stdout))}\n`);
  assert.equal(JSON.parse(stdout).status, "PROOF_ONLY");
});

test("of several receipts each is checked; the first refusal decides the status", () => {
  const { status, stdout } = run(["--json", good, bad, good]);
  assert.equal(status, 20);
  const verdicts = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    verdicts.map((verdict) => verdict.verifier_exit_status),
    [0, 20, 0],
  );
});

test("a hostile name never reaches the terminal as it is", () => {
  assert.doesNotMatch(run([bad]).stdout, /\u001b/);
  assert.doesNotMatch(run([join(folder, "none\u001b[2J")]).stderr, /\u001b/);
});

test("the wrong receipt and an unreachable level have their own statuses", () => {
  assert.equal(run(["--expect", "0".repeat(64), good]).status, 12);
  assert.equal(run(["--level", "full", good]).status, 11);
});

test("a trust file is read, and says who may seal; another time, and the key has expired", () => {
  const vector = fileURLToPath(new URL("../../tests/vectors/accept/policy-self-reported", import.meta.url));
  const { trust, at } = JSON.parse(readFileSync(`${vector}.options.json`, "utf8"));
  const file = join(folder, "trust.toml");
  writeFileSync(file, trust);
  const time = new Date(at).toISOString().replace(/\.\d+Z$/, "Z");
  const asked = ["--level", "policy-enforced", "--trust", file, `${vector}.cap`];
  const { status, stdout } = run([...asked, "--at", time]);
  assert.equal(status, 0, stdout);
  for (const word of ["rules hold that the receipt alone names", "signed by author", "✓ backends"]) assert.ok(stdout.includes(word), word);
  assert.equal(run([...asked, "--at", time, "--require-status", "POLICY_ENFORCED"]).status, 11);
  assert.ok(run([...asked, "--at", "2046-01-01T00:00:00Z"]).stdout.includes("E024_SIGNER_NOT_VALID"));
  assert.ok(run(asked).stdout.includes("E024_SIGNER_NOT_VALID"), "the present by default");
  writeFileSync(file, "schema = 1");
  assert.equal(run(asked).status, 2);
  assert.equal(run([...asked, "--at", "tomorrow"]).status, 2);
});

test("a provider and a relay are asked", async () => {
  const file = join(folder, "relay.toml");
  writeFileSync(file, ASKED.trust);
  const time = new Date(ASKED.at).toISOString().replace(/\.\d+Z$/, "Z");
  await withHost(answerForArchive, async (url) => {
    const asked = ["--provider", url, "--relay", url, "--bits", "4", "--trust", file, "--at", time, REGISTERED];
    const { stdout } = await promisify(execFile)(process.execPath, [cli, ...asked], { encoding: "utf8" });
    assert.match(stdout, /live: .*archival: /);
    const few = promisify(execFile)(process.execPath, [cli, "--threshold", "1", ...asked], { encoding: "utf8" });
    await assert.rejects(few, (error) => error.code === 13);
  });
});

test("a reader that goes away is no error, and the status is that of the receipts", async () => {
  const line = (args) => `"${process.execPath}" "${cli}" ${args} | head -c 1 > /dev/null; echo "\${PIPESTATUS[0]}"`;
  for (const [args, status] of [
    [`--json ${Array(40).fill(`"${good}"`).join(" ")}`, "0"],
    [`--json "${bad}" ${Array(40).fill(`"${good}"`).join(" ")}`, "20"],
    ["--help", "0"],
  ]) {
    const { stdout, stderr } = spawnSync("bash", ["-c", line(args)], { encoding: "utf8" });
    assert.deepEqual([stdout.trim(), stderr], [status, ""]);
  }
});

test("no more is read than a receipt may have", () => {
  const sparse = join(folder, "sparse.cap");
  writeFileSync(sparse, "");
  truncateSync(sparse, 5 * 2 ** 30);
  const { status, stdout } = run([sparse]);
  assert.equal(status, 20);
  assert.match(stdout, /E005_LIMIT_EXCEEDED/);
  const endless = spawnSync("bash", ["-c", `head -c 20G /dev/zero | "${process.execPath}" "${cli}" --json -; echo "\${PIPESTATUS[1]}"`], {
    encoding: "utf8",
  });
  assert.match(endless.stdout, /E005_LIMIT_EXCEEDED.*\n20\n$/s);
});

test("wrong usage and unreadable files", () => {
  for (const args of [
    [],
    ["--nonsense"],
    ["--level", "all", good],
    ["--expect", "abc", good],
    ["--relay", "http://127.0.0.1:1", good],
    ["--threshold", "2", good],
    ["--provider", "http://127.0.0.1:1", "--bits", "many", good],
    ["--bits", "40", good],
    ["--at", "2026-13-01T00:00:00Z", good],
  ]) {
    const { status, stderr } = run(args);
    assert.equal(status, 2, args.join(" "));
    assert.match(stderr, /^capseal-verify: /);
  }
  assert.equal(run([join(folder, "none.cap")]).status, 1);
  assert.equal(run([folder]).status, 1);
  assert.equal(run([join(folder, "none.cap"), good]).status, 1);
  assert.equal(run(["--help"]).status, 0);
  assert.match(run(["--version"]).stdout, /^capseal-verify \d/);
});
