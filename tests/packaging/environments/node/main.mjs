import * as runstream from "runstream";
import { roundTrip } from "./round-trip.mjs";

console.log(JSON.stringify(await roundTrip(runstream, JSON.parse(process.argv[2]))));
