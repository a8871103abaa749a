const runstream = require("runstream");

import("./round-trip.mjs")
  .then(({ roundTrip }) => roundTrip(runstream, JSON.parse(process.argv[2])))
  .then((done) => console.log(JSON.stringify(done)));
