import * as runstream from "runstream";
import { roundTrip } from "../../round-trip.cjs";

export const config = { runtime: "edge" };

export default async function handler(request) {
  return Response.json(await roundTrip(runstream, await request.json()));
}
