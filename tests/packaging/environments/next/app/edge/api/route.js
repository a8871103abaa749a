import * as runstream from "runstream";
import { roundTrip } from "../../../round-trip.cjs";

export const runtime = "edge";

export async function POST(request) {
  return Response.json(await roundTrip(runstream, await request.json()));
}
