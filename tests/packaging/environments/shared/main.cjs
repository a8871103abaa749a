const { roundTrip } = require("./round-trip.cjs");

roundTrip(require("runstream"), JSON.parse(process.argv[2])).then((done) => console.log(JSON.stringify(done)));
