const { readFileSync } = require("node:fs");

const verifier = require("capseal-verify");
const actions = require("capseal-verify/actions");
const { describeReceipts } = require("./receipts.cjs");

describeReceipts({ test, expect, verifier, actions, receipt: readFileSync(process.env.RECEIPT) });
