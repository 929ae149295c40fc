// Shared by the tests under Jest and Vitest: what a test of a page does.
exports.describeReceipts = ({ test, expect, verifier, actions, receipt }) => {
  const { createVerifier, verify, verifySync } = verifier;
  test("bytes of the test runner's and of the page's realm", async () => {
    for (const bytes of [receipt, new Uint8Array(receipt), new Uint8Array(receipt).buffer]) {
      expect((await verify(bytes)).status).toBe("PROOF_ONLY");
      expect(verifySync(bytes).status).toBe("PROOF_ONLY");
    }
  });
  test("files as a page gets them", async () => {
    const file = new File([new Uint8Array(receipt)], "run.cap");
    expect((await verify(file)).status).toBe("PROOF_ONLY");
    expect((await verify(new Blob([new Uint8Array(receipt)]))).status).toBe("PROOF_ONLY");
  });
  test("a verifier", async () => {
    const verifier = createVerifier();
    expect((await verifier.verify(receipt)).status).toBe("PROOF_ONLY");
    verifier.terminate();
  });
  test("wrong usage", () => {
    expect(() => verifySync(receipt, { expected_capsule_hash: undefined })).toThrow(verifier.VerifierError);
    expect(() => verifySync("ü")).toThrow(verifier.VerifierError);
  });
  test("texts that are not ASCII", async () => {
    const hostile = new Uint8Array(Array.from('{"ü":"€😀"}\n', (c) => c.charCodeAt(0) & 255));
    expect(verifySync(hostile, { policy: "ü€😀" }).status).toBe("REJECTED");
    expect((await actions.verifyLog(hostile)).accepted).toBe(false);
  });
};
