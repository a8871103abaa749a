//! Decodes a captured stream: raw bytes of an SSE body on stdin, JSON lines on stdout.
//!
//! `--events` prints every SSE event, `--parts --version v1|v2` every part as it stands on the wire (nothing is put in
//! order or dropped). `--split N` feeds N bytes at a time, which changes nothing but proves it. `--retry` adds a line
//! with what a client would reconnect with. Format errors go to stderr and decoding goes on; the exit code is 1 when the
//! input cannot be read on, 2 for wrong usage.

use runstream::sse::Decoder;
use runstream::wire::{Batch, Kind, Meaning, Version, is_json, meaning, redis_id};
use serde_json::{Value, json};
use std::io::{Read, Write};

const USAGE: &str = "usage: decode (--events | --parts --version v1|v2) [--split BYTES] [--retry] < body.sse";

#[derive(Default)]
struct Options {
    events: bool,
    parts: bool,
    retry: bool,
    version: Option<Version>,
    split: Option<usize>,
}

fn options() -> Result<Options, String> {
    let mut options = Options::default();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--events" => options.events = true,
            "--parts" => options.parts = true,
            "--retry" => options.retry = true,
            "--version" => {
                options.version = match args.next().as_deref() {
                    Some("v1") => Some(Version::V1),
                    Some("v2") => Some(Version::V2),
                    other => return Err(format!("--version is {other:?}; give v1 or v2")),
                }
            }
            "--split" => {
                let n = args.next().unwrap_or_default();
                options.split = match n.parse() {
                    Ok(n) if n > 0 => Some(n),
                    _ => return Err(format!("--split is {n:?}; give a number of bytes from 1")),
                }
            }
            other => return Err(format!("unknown argument {other:?}")),
        }
    }
    match (options.events, options.parts, options.version) {
        (true, true, _) | (false, false, _) => Err("give one of --events and --parts".into()),
        (_, true, None) => Err("--parts needs --version v1 or --version v2".into()),
        _ => Ok(options),
    }
}

struct Printer<'a, W: Write> {
    options: &'a Options,
    out: W,
    batch: Batch,
}

impl<W: Write> Printer<'_, W> {
    fn event(&mut self, kind: &[u8], data: &[u8], id: &[u8]) -> std::io::Result<()> {
        let (data_text, id_text) = (String::from_utf8_lossy(data), String::from_utf8_lossy(id));
        if self.options.events {
            let kind = if kind.is_empty() { "message".into() } else { String::from_utf8_lossy(kind) };
            return self.line(&json!({"type": kind, "data": data_text, "lastEventId": id_text}));
        }
        let is_v1 = self.options.version == Some(Version::V1);
        match (meaning(kind, data, self.options.version), is_v1) {
            (Meaning::Part, true) => {
                let quoted = json!(data_text).to_string();
                let chunk = if is_json(data) { data } else { quoted.as_bytes() };
                self.part(&id_text, chunk, redis_id(id).map(|(ms, _)| ms))
            }
            (Meaning::Batch, false) => self.records(data),
            (Meaning::Error, false) => {
                self.error(&format!("the server reports an error: {data_text}"));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn records(&mut self, data: &[u8]) -> std::io::Result<()> {
        let mut batch = std::mem::take(&mut self.batch);
        if batch.parse(data, false).is_err() {
            self.error(&format!("not a batch: {}", String::from_utf8_lossy(&data[..data.len().min(200)])));
        }
        for record in &batch.records {
            match record.kind {
                Kind::Part => {
                    let chunk = &batch.text[record.data.clone()];
                    self.part(&record.seq_num.to_string(), chunk, Some(record.timestamp))?;
                }
                Kind::Bad(reason) => {
                    let body = String::from_utf8_lossy(&batch.text[record.body.clone()]);
                    self.error(&format!("record {} is not a part: {reason}: {body:?}", record.seq_num));
                }
                Kind::Command | Kind::Control | Kind::Undefined => {}
            }
        }
        self.batch = batch;
        Ok(())
    }

    /// `chunk` goes out as the text it is, so that numbers and lone surrogates stay exact.
    fn part(&mut self, id: &str, chunk: &[u8], timestamp: Option<u64>) -> std::io::Result<()> {
        // In JSON a raw line end is white space, and white space may be a blank.
        let chunk = String::from_utf8_lossy(chunk).replace(['\n', '\r'], " ");
        writeln!(self.out, "{{\"id\":{},\"chunk\":{chunk},\"timestamp\":{}}}", json!(id), json!(timestamp))
    }

    fn error(&self, message: &str) {
        eprintln!("decode: {message}");
    }

    fn line(&mut self, value: &Value) -> std::io::Result<()> {
        writeln!(self.out, "{value}")
    }
}

fn run(options: &Options) -> std::io::Result<()> {
    let mut decoder = Decoder::default();
    let out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut printer = Printer { options, out, batch: Batch::default() };
    let mut stdin = std::io::stdin().lock();
    let mut buf = vec![0; 64 * 1024];
    loop {
        let n = stdin.read(&mut buf)?;
        if n == 0 {
            break;
        }
        for bytes in buf[..n].chunks(options.split.unwrap_or(n)) {
            decoder.push(bytes);
            loop {
                match decoder.next() {
                    Ok(Some(event)) => printer.event(event.kind, event.data, event.last_event_id)?,
                    Ok(None) => break,
                    Err(_) => {
                        printer.out.flush()?;
                        return Err(std::io::Error::other("an event is larger than 16 MiB"));
                    }
                }
            }
        }
    }
    if options.retry {
        let id = String::from_utf8_lossy(decoder.last_event_id()).into_owned();
        printer.line(&json!({"retry": decoder.retry(), "lastEventId": id}))?;
    }
    printer.out.flush()?;
    Ok(())
}

fn main() -> std::process::ExitCode {
    let outcome = options().map(|options| run(&options));
    match outcome {
        Ok(Ok(())) => std::process::ExitCode::SUCCESS,
        // A reader that has seen enough is no failure.
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::ExitCode::SUCCESS,
        Ok(Err(error)) => {
            eprintln!("decode: {error}");
            std::process::ExitCode::FAILURE
        }
        Err(message) => {
            eprintln!("decode: {message}\n{USAGE}");
            std::process::ExitCode::from(2)
        }
    }
}
