// What a service does with the package; prints one line.
import { readFileSync } from "node:fs";

import { createVerifier, verifySync } from "capseal-verify";
import { verifyLogSync } from "capseal-verify/actions";

const receipt = readFileSync(process.argv[2]);
const verifier = createVerifier();
const verdict = await verifier.verify(receipt);
console.log(verifySync(receipt).status, verdict.status, verifier.mode, verifyLogSync(new Uint8Array(3)).accepted);
verifier.terminate();
