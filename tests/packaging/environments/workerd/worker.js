import * as runstream from "runstream";
import { roundTrip } from "./round-trip.cjs";

export default {
  async fetch(request) {
    if (request.method !== "POST") return new Response("ready");
    return Response.json(await roundTrip(runstream, await request.json()));
  },
};
