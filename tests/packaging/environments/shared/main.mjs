import process from "node:process";
import * as runstream from "runstream";
import { roundTrip } from "./round-trip.cjs";

console.log(JSON.stringify(await roundTrip(runstream, JSON.parse(process.argv[2]))));
