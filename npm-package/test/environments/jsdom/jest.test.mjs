import { readFileSync } from "node:fs";

import * as verifier from "capseal-verify";
import * as actions from "capseal-verify/actions";

import { describeReceipts } from "./receipts.cjs";

describeReceipts({ test, expect, verifier, actions, receipt: readFileSync(process.env.RECEIPT) });
