const { roundTrip } = require("./round-trip.cjs");

// Newer runtimes can require modules, too, and would not notice that there is no CommonJS.
if (!require.resolve("runstream").includes("cjs")) throw new Error("what is required is not CommonJS");

roundTrip(require("runstream"), JSON.parse(process.argv[2])).then((done) => console.log(JSON.stringify(done)));
