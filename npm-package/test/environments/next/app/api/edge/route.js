import { createVerifier, verify, verifySync } from "capseal-verify";
import { verifyLog } from "capseal-verify/actions";

export const runtime = "edge";

export async function POST(request) {
  const receipt = new Uint8Array(await request.clone().arrayBuffer());
  const verifier = createVerifier();
  const verdicts = [await verify(request), verifySync(receipt), await verifier.verify(receipt)];
  return new Response([...verdicts.map(({ status }) => status), verifier.mode, (await verifyLog(receipt)).accepted].join(" "));
}
