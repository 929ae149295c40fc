import { verifySync } from "capseal-verify";
import { verifyLogSync } from "capseal-verify/actions";

export const render = (receipt) => `${verifySync(receipt).status} ${verifyLogSync(new Uint8Array(3)).accepted}`;
