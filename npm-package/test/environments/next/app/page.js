"use client";
import { useEffect, useState } from "react";

import { createVerifier, verify } from "capseal-verify";

export default function Page() {
  const [answer, setAnswer] = useState("");
  useEffect(() => {
    const verifier = createVerifier();
    const show = async () => {
      const receipt = await (await fetch("/run.cap")).arrayBuffer();
      const verdicts = [await verify(receipt), await verifier.verify(receipt)];
      setAnswer([...verdicts.map(({ status }) => status), verifier.mode].join(" "));
    };
    void show();
    return () => verifier.terminate();
  }, []);
  return <output>{answer}</output>;
}
