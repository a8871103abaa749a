import * as runstream from "runstream/slim";
import { roundTrip } from "../../../round-trip.cjs";

export async function POST(request) {
  return Response.json(await roundTrip(runstream, await request.json()));
}
