import { streams } from "runstream";

/** @type {import("runstream").DefinedInputStream<{ approved: boolean, reviewer: string }>} */
export const approval = streams.input({ id: "approval" });
