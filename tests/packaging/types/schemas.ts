// What a schema of the usual libraries says of a stream: its output is read, its input written.
import { type } from "arktype";
import { type InferInputStreamType, type InferStreamType, streams } from "runstream";
import * as v from "valibot";
import { z } from "zod";
import { same } from "./same.js";

type Step = { step: string };

const schemas = {
  zod: z.object({ step: z.string() }),
  valibot: v.object({ step: v.string() }),
  arktype: type({ step: "string" }),
};
const zod = streams.define({ id: "steps", schema: schemas.zod });
const valibot = streams.define({ id: "steps", schema: schemas.valibot });
const arktype = streams.define({ id: "steps", schema: schemas.arktype });
same<InferStreamType<typeof zod>, Step>();
same<InferStreamType<typeof valibot>, Step>();
same<InferStreamType<typeof arktype>, Step>();

const lengths = {
  zod: z.string().transform((text) => text.length),
  valibot: v.pipe(
    v.string(),
    v.transform((text) => text.length),
  ),
  arktype: type("string").pipe((text) => text.length),
};
const zodInput = streams.input({ id: "lengths", schema: lengths.zod });
const valibotInput = streams.input({ id: "lengths", schema: lengths.valibot });
const arktypeInput = streams.input({ id: "lengths", schema: lengths.arktype });
same<InferInputStreamType<typeof zodInput>, number>();
same<InferInputStreamType<typeof valibotInput>, number>();
same<InferInputStreamType<typeof arktypeInput>, number>();
same<Parameters<typeof zodInput.send>[1], string>();
same<Parameters<typeof valibotInput.send>[1], string>();
same<Parameters<typeof arktypeInput.send>[1], string>();
